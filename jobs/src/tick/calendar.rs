//! When maintenance that recurs takes place, worked out once and kept: following a rule costs more than all else that a tick
//! asks of a maintenance, and a tick asks for every component.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use plimsoll_domain::ids::{MaintenanceId, TenantId};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::UPCOMING;
use plimsoll_domain::sample::SAMPLE_RETENTION;
use plimsoll_domain::time::{Span, Timestamp};

/// How much further than needed a rule is followed, so that it need not be each tick.
const AHEAD: Span = Span::days(1);
/// A tick is over long before: its loops ask for nothing that is later.
const LONGEST_TICK: Span = Span::hours(1);

type Key = (TenantId, MaintenanceId);

struct Followed {
    of: Maintenance,
    span: Range<Timestamp>,
    times: Arc<[Maintenance]>,
}

/// The times of every maintenance that recurs, as far as they were asked for.
#[derive(Default)]
pub(crate) struct Calendar(HashMap<Key, Followed>);

/// The maintenance of one tenant.
#[derive(Default)]
pub(crate) struct Works {
    /// Each time there is any from the oldest instant a tick judges on, as plain maintenance.
    pub(crate) plain: Vec<Maintenance>,
    /// How many of them, at the front, take place once: they are as they are stored.
    singles: usize,
    /// What recurs, as it is stored, with its times.
    recurring: Vec<(Maintenance, Arc<[Maintenance]>)>,
}

impl Works {
    /// Sorts out `stored`, of which a tick at `now` judges nothing before `oldest`.
    pub(crate) fn of(stored: Vec<Maintenance>, calendar: &mut Calendar, oldest: Timestamp, now: Timestamp) -> Self {
        let oldest = oldest.min(now).max(now.minus(SAMPLE_RETENTION));
        let (mut plain, recurring): (Vec<_>, Vec<_>) = stored.into_iter().partition(|held| held.recurrence.is_none());
        let singles = plain.len();
        let mut with_times = Vec::with_capacity(recurring.len());
        for held in recurring {
            let since = held.told_until.map_or(oldest, |told| told.min(oldest)).max(now.minus(SAMPLE_RETENTION));
            let times = calendar.times(&held, since..now.plus(UPCOMING));
            let judged = |time: &&Maintenance| oldest < time.completed_at() && time.starts_at < now.plus(LONGEST_TICK);
            plain.extend(times.iter().filter(judged).cloned());
            with_times.push((held, times));
        }
        Self { plain, singles, recurring: with_times }
    }

    /// Each time that is not over at `now`; of what recurs those of the next two weeks.
    pub(crate) fn upcoming(&self, now: Timestamp) -> Vec<Maintenance> {
        let times = self.recurring.iter().flat_map(|(_, times)| times.iter());
        let soon = times.filter(|time| time.starts_at < now.plus(UPCOMING));
        self.plain[..self.singles].iter().chain(soon).filter(|time| now < time.completed_at()).cloned().collect()
    }

    /// Those of which subscribers may have to be told something at `now`.
    pub(crate) fn due(&self, now: Timestamp) -> impl Iterator<Item = &Maintenance> {
        let singles = self.plain[..self.singles].iter().map(|held| (held, std::slice::from_ref(held)));
        let recurring = self.recurring.iter().map(|(held, times)| (held, times.as_ref()));
        singles.chain(recurring).filter(move |(held, times)| is_due(held, times, now)).map(|(held, _)| held)
    }
}

fn is_due(held: &Maintenance, times: &[Maintenance], now: Timestamp) -> bool {
    let Some(since) = held.told_until.or(held.announced_at) else {
        // From before this was kept: what follows from now on is told.
        return times.iter().any(|time| now < time.completed_at());
    };
    let is_news = |at: Timestamp| since < at && at <= now;
    let reminder = held.reminder.unwrap_or_default();
    let steps = |time: &Maintenance| [time.starts_at.minus(reminder), time.starts_at, time.completed_at()];
    let is_unannounced = held.told_until.is_none() && since <= now;
    // Whoever changes it announces it anew.
    let is_changed = held.announced_at.is_some_and(is_news);
    is_unannounced || is_changed || times.iter().any(|time| steps(time).into_iter().any(is_news))
}

impl Calendar {
    /// Each time that `held` takes place in a span that `needed` lies in.
    fn times(&mut self, held: &Maintenance, needed: Range<Timestamp>) -> Arc<[Maintenance]> {
        let key = (held.tenant.clone(), held.id.clone());
        let known = self
            .0
            .get(&key)
            .filter(|known| known.of == *held && known.span.start <= needed.start && needed.end <= known.span.end);
        if let Some(known) = known {
            return Arc::clone(&known.times);
        }
        let span = needed.start..needed.end.plus(AHEAD);
        let times: Arc<[Maintenance]> = held.occurrences(&span).into();
        self.0.insert(key, Followed { of: held.clone(), span, times: Arc::clone(&times) });
        times
    }

    /// Forgets all but what is announced.
    pub(crate) fn keep<'a>(&mut self, announced: impl Iterator<Item = &'a Works>) {
        let recurring = announced.flat_map(|works| &works.recurring);
        let kept: HashSet<Key> = recurring.map(|(held, _)| (held.tenant.clone(), held.id.clone())).collect();
        if kept.len() < self.0.len() {
            self.0.retain(|key, _| kept.contains(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::page::{PageConfig, SnapshotParts, StatusSnapshot};
    use plimsoll_domain::recurrence::Recurrence;
    use plimsoll_domain::tenant::{ApiKey, Role, Tenant};
    use plimsoll_domain::time::Interval;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn daily() -> Maintenance {
        let (tenant, id) = ("acme".parse().expect("slug"), "backup".parse().expect("slug"));
        let span = at("2026-11-01T02:00:00Z")..at("2026-11-01T03:00:00Z");
        Maintenance {
            recurrence: Some(Recurrence::new("FREQ=DAILY", chrono_tz::UTC)),
            announced_at: Some(at("2026-10-20T00:00:00Z")),
            told_until: Some(at("2026-10-20T00:00:00Z")),
            ..Maintenance::once(tenant, id, "Backup", vec!["api".parse().expect("slug")], span)
        }
    }

    #[test]
    fn a_tick_sees_plain_maintenance_where_the_rule_has_it() {
        let (mut calendar, api) = (Calendar::default(), "api".parse().expect("slug"));
        let mut now = at("2026-11-20T00:00:00Z");
        while now < at("2026-11-23T00:00:00Z") {
            let works = Works::of(vec![daily()], &mut calendar, now.minus(Span::hours(30)), now);
            assert!(works.plain.iter().all(|held| held.recurrence.is_none()) && works.plain.len() <= 3);
            for ago in [Span::hours(29), Span::hours(1), Span::default()] {
                let is_covered = works.plain.iter().any(|held| held.covers(&api, now.minus(ago)));
                assert_eq!(is_covered, daily().covers(&api, now.minus(ago)), "{now} - {ago}");
            }
            let is_due = works.due(now).next().is_some();
            assert_eq!(is_due, !daily().untold(now).is_empty(), "{now}");
            now = now.plus(Span::minutes(30));
        }
        assert_eq!(calendar.0.len(), 1);
        calendar.keep(std::iter::empty());
        assert!(calendar.0.is_empty());
    }

    #[test]
    fn the_page_shows_the_same_as_by_the_rule() {
        struct Same;
        impl plimsoll_domain::entropy::Entropy for Same {
            fn bytes(&self) -> [u8; 32] {
                [7; 32]
            }
        }
        let now = at("2026-11-20T02:30:00Z");
        let once = Maintenance { recurrence: None, id: "once".parse().expect("slug"), ..daily() };
        let far =
            Maintenance { starts_at: now.plus(Span::days(60)), ends_at: now.plus(Span::days(61)), ..once.clone() };
        let stored = vec![once, far, daily()];
        let works = Works::of(stored.clone(), &mut Calendar::default(), now, now);
        let (key, _) = ApiKey::generate("k", Role::Admin, now, &Same).expect("valid");
        let tenant = Tenant::new("acme".parse().expect("slug"), "Acme", key, now).expect("valid");
        let shown = |maintenances| {
            let page = PageConfig::of(tenant.id.clone());
            StatusSnapshot::build(SnapshotParts {
                tenant: &tenant,
                page: &page,
                components: Vec::new(),
                incidents: Vec::new(),
                maintenances,
                slos: Vec::new(),
                interval: Interval::MINUTE,
                now,
            })
            .maintenances
        };
        let by_rule = shown(stored);
        assert_eq!(shown(works.upcoming(now)), by_rule);
        assert_eq!(by_rule.len(), 16, "the one going on, fourteen nights, and the one far away");
    }
}
