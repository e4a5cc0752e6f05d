//! The envelopes of one app, in their order.
//!
//! One that Sentry answers badly holds up those behind it, since it may be Sentry that is not well; but when one behind it
//! is taken, it is the envelope that is bad, and it steps aside for a while with others that were answered as badly.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use metrics::counter;
use tokio_util::sync::CancellationToken;

use plimsoll_domain::frontend::{Counted, Dsn, SpooledEnvelope};
use plimsoll_domain::ids::{AppId, SpoolId, TenantId};
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::Result;

use super::RelayParts;
use super::send::{Sent, send};

/// What is read, and removed, at a time; and for how long, at most, before others have their turn.
const PORTION: (usize, u64) = (32, 1 << 20);
const TURN: Duration = Duration::from_secs(5);
const FIRST_REST: Span = Span::from_seconds(1);
const LONGEST_REST: Span = Span::from_seconds(60);
/// Bad answers to the first in line after which those behind it are tried, how many of them, and how long it then steps
/// aside.
const BAD_ANSWERS: u32 = 5;
const TRIED_BEHIND: usize = 8;
const STEP_ASIDE: Span = Span::from_seconds(600);

/// How one app's Sentry does, and which envelopes it chokes on.
#[derive(Debug, Default)]
pub(super) struct Lane {
    is_sending: bool,
    got_on: bool,
    failures: u32,
    last_turn: Option<Timestamp>,
    rests_until: Option<Timestamp>,
    /// Sentry has these; the store could not be told yet.
    taken: Vec<SpoolId>,
    /// Bad answers to the first in line.
    bad: Option<(SpoolId, u32)>,
    /// Those behind it that were answered no better since.
    bad_too: Vec<SpoolId>,
    aside: HashMap<SpoolId, Timestamp>,
}

/// Whether the next envelope is sent.
enum Next {
    GoesOn,
    Rests,
}

impl Lane {
    /// In the place of one that is sending.
    pub(super) fn sending() -> Self {
        Self { is_sending: true, ..Self::default() }
    }

    /// Whether it stands in the place of one that is.
    pub(super) const fn is_sending(&self) -> bool {
        self.is_sending
    }

    /// Whether it may have its turn at `now`.
    pub(super) fn is_ready(&self, now: Timestamp) -> bool {
        !self.is_sending && self.rests_until.is_none_or(|until| until <= now)
    }

    /// When it last had one.
    pub(super) const fn last_turn(&self) -> Option<Timestamp> {
        self.last_turn
    }

    /// Whether anything was done with in its last turn.
    pub(super) const fn got_on(&self) -> bool {
        self.got_on
    }

    /// Sends a portion.
    pub(super) async fn turn(&mut self, parts: &RelayParts, whose: &(TenantId, AppId), stopping: &CancellationToken) {
        self.last_turn = Some(parts.clock.now());
        self.got_on = false;
        if let Err(error) = self.try_turn(parts, whose, stopping).await {
            let (tenant_id, app) = whose;
            tracing::warn!(%tenant_id, %app, %error, "envelopes that wait could not be relayed: trying again");
            self.rest(parts.clock.now());
        }
    }

    async fn try_turn(
        &mut self,
        parts: &RelayParts,
        (tenant, app): &(TenantId, AppId),
        stopping: &CancellationToken,
    ) -> Result<()> {
        // Those that were taken are not sent again because they are still there.
        self.forget(parts, tenant).await?;
        let apps = parts.store.frontend_apps(tenant).await?;
        let dsn = apps.as_ref().and_then(|apps| apps.app(app)).map(|app| app.dsn.clone());
        let mut after = None;
        loop {
            let waiting = parts.store.spooled_envelopes(tenant, app, after.as_ref(), PORTION).await?;
            let last = waiting.last().map(|envelope| envelope.id.clone());
            let next = self.portion(parts, dsn.as_ref(), waiting, stopping).await;
            self.got_on |= !self.taken.is_empty();
            self.forget(parts, tenant).await?;
            // Only where all of a portion stepped aside is there a reason to look behind it.
            if last.is_none() && self.bad.is_some() {
                // All of them were tried, and none was taken.
                self.rest(parts.clock.now());
            }
            if last.is_none() || self.got_on || matches!(next, Next::Rests) {
                return Ok(());
            }
            after = last;
        }
    }

    async fn forget(&mut self, parts: &RelayParts, tenant: &TenantId) -> Result<()> {
        if !self.taken.is_empty() {
            parts.store.remove_spooled(tenant, &self.taken).await?;
            self.taken.clear();
        }
        Ok(())
    }

    /// Sends in order, as long as Sentry takes them and it is not the others' turn.
    async fn portion(
        &mut self,
        parts: &RelayParts,
        dsn: Option<&Dsn>,
        waiting: Vec<SpooledEnvelope>,
        stopping: &CancellationToken,
    ) -> Next {
        let began = Instant::now();
        for envelope in waiting {
            if stopping.is_cancelled() || began.elapsed() > TURN {
                return Next::Rests;
            }
            let now = parts.clock.now();
            let id = envelope.id.clone();
            let tally = parts.tally.of(&envelope.tenant, &envelope.app);
            // Nobody can be told of an app that is gone.
            let Some(dsn) = dsn else {
                self.taken.push(id);
                continue;
            };
            let (what, result) = if envelope.expires_at() <= now {
                (Counted::SpoolExpired, "spool_expired")
            } else if self.aside.get(&id).is_some_and(|until| *until > now) {
                continue;
            } else {
                let sent = tokio::select! {
                    sent = send(&parts.upstream, dsn, envelope) => sent,
                    () = stopping.cancelled() => return Next::Rests,
                };
                match self.judge(&id, sent, parts.clock.now()) {
                    Ok(done) => done,
                    Err(Next::GoesOn) => continue,
                    Err(Next::Rests) => return Next::Rests,
                }
            };
            tally.count(what, now);
            counter!("plimsoll_envelopes_total", "result" => result).increment(1);
            self.taken.push(id);
        }
        Next::GoesOn
    }

    /// What an answer means for the envelope, or else for those behind it.
    fn judge(
        &mut self,
        id: &SpoolId,
        sent: Sent,
        now: Timestamp,
    ) -> std::result::Result<(Counted, &'static str), Next> {
        match sent {
            Sent::Taken => {
                self.is_well(id, now);
                Ok((Counted::SpoolRelayed, "spool_relayed"))
            }
            Sent::Refused => {
                self.is_well(id, now);
                Ok((Counted::SpoolRefused, "spool_refused"))
            }
            Sent::Later(wait) => {
                self.rests_until = Some(now.plus(wait));
                Err(Next::Rests)
            }
            Sent::Bad(status) => Err(self.bad(id, status, now)),
            Sent::Away(reason) => {
                tracing::debug!(reason, "Sentry is still away");
                self.rest(now);
                Err(Next::Rests)
            }
        }
    }

    /// Sentry is well: one before this that it answered badly is bad itself.
    fn is_well(&mut self, id: &SpoolId, now: Timestamp) {
        self.failures = 0;
        let behind = std::mem::take(&mut self.bad_too);
        // Where it is the first itself, nothing is said of those behind it.
        if let Some((first, _)) = self.bad.take().filter(|(first, _)| first != id) {
            self.aside.extend(std::iter::once(first).chain(behind).map(|bad| (bad, now.plus(STEP_ASIDE))));
        }
        self.aside.remove(id);
    }

    fn bad(&mut self, id: &SpoolId, status: u16, now: Timestamp) -> Next {
        tracing::debug!(status, "Sentry is not well");
        if self.bad_too.contains(id) {
            // The first is gone: it was not asked again before this.
            (self.bad, self.bad_too) = (None, Vec::new());
        }
        let times = match &mut self.bad {
            Some((first, times)) if first == id => {
                self.bad_too.clear();
                *times = times.saturating_add(1);
                *times
            }
            Some((_, times)) => {
                self.bad_too.push(id.clone());
                // So many are not bad by chance: it is Sentry.
                if self.bad_too.len() < TRIED_BEHIND { *times } else { 0 }
            }
            None => {
                self.bad = Some((id.clone(), 1));
                1
            }
        };
        if times >= BAD_ANSWERS {
            return Next::GoesOn;
        }
        self.rest(now);
        Next::Rests
    }

    fn rest(&mut self, now: Timestamp) {
        let doubled = FIRST_REST.seconds() << self.failures.min(6);
        self.failures = self.failures.saturating_add(1);
        self.rests_until = Some(now.plus(Span::from_seconds(doubled.min(LONGEST_REST.seconds()))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn id(number: u64) -> SpoolId {
        SpoolId::of(NOW, "p", number)
    }

    #[test]
    fn rests_grow_to_a_minute() {
        let mut lane = Lane::default();
        let mut rest = || {
            lane.rest(NOW);
            lane.rests_until.map(|until| until.seconds() - NOW.seconds())
        };
        assert_eq!([(); 9].map(|()| rest()), [1, 2, 4, 8, 16, 32, 60, 60, 60].map(Some));
    }

    #[test]
    fn it_is_the_envelope_that_is_bad_only_when_the_next_one_is_taken() {
        let mut lane = Lane::default();
        for _ in 1..BAD_ANSWERS {
            assert!(matches!(lane.bad(&id(1), 500, NOW), Next::Rests));
        }
        // Sentry is away: those behind it are no better, and none steps aside.
        let last = 1 + TRIED_BEHIND as u64;
        for number in 1..last {
            assert!(matches!(lane.bad(&id(number), 503, NOW), Next::GoesOn));
        }
        assert!(matches!(lane.bad(&id(last), 503, NOW), Next::Rests));
        assert!(lane.aside.is_empty());
        // One behind two of them is taken: it was the envelopes.
        assert!(matches!(lane.bad(&id(1), 500, NOW), Next::GoesOn));
        assert!(matches!(lane.bad(&id(2), 500, NOW), Next::GoesOn));
        lane.is_well(&id(3), NOW);
        assert_eq!([1, 2, 3].map(|one| lane.aside.contains_key(&id(one))), [true, true, false]);
        assert_eq!((lane.failures, lane.bad.is_none(), lane.bad_too.len()), (0, true, 0));
    }

    #[test]
    fn one_that_is_taken_after_all_is_not_bad() {
        let mut lane = Lane::default();
        assert!(matches!(lane.bad(&id(1), 500, NOW), Next::Rests));
        lane.is_well(&id(1), NOW);
        assert!(lane.aside.is_empty() && lane.bad.is_none());
    }
}
