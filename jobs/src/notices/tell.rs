//! One subscriber's turn: what is ready of theirs is tried, one after the other, and what came of it is stored.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_domain::alert::{Attempt, DeliveryState, Outcome, Verdict};
use plimsoll_domain::subscriber::{ChannelKind, Notice, StopReason, Subscriber};
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::{Result, StoreError};
use plimsoll_traces::{self as traces, Context, FutureExt, KeyValue, SpanKind};

use super::engine::Engine;
use super::gates::Gate;
use super::letter::{self, Letter};
use super::line::Pass;
use super::send::{Sent, Tells};
use super::turns::Key;

/// Unfinished notices of one subscriber that are read.
pub(super) const MOST_UNFINISHED: usize = 200;
/// Notices of one subscriber that are tried in one turn.
const ROUNDS: usize = 1_000;
/// Slack takes one message a second for each webhook.
const SLACK_PACE: Duration = Duration::from_secs(1);
/// Whoever waits for a server that rests comes back so much later at most, so that not all come at once.
const SPREAD: f64 = 30.0;
/// How long one waits to be let in at a server; whoever was not makes room for others, and comes back so much later.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const COMES_BACK_AFTER: Span = Span::from_seconds(30);
const WHILE_OTHERS_TRY: Span = Span::from_seconds(5);
/// Tries at storing an outcome; then its lease ends, and whoever comes next sends again.
const TRIES: usize = 40;
const BEFORE_THE_NEXT_TRY: Duration = Duration::from_millis(500);
/// Times that a subscriber is changed anew when others were faster.
const CHANGES: usize = 5;

/// What is to be done after one notice.
enum Then {
    /// Look what is ready now.
    GoOn,
    /// Wait to be let in at a server, and then look what is ready: meanwhile, much may have changed.
    Enter(Arc<Gate>, Box<Notice>),
    /// Nothing can be done for now.
    Rest,
}

/// Tells the subscriber what is ready.
pub(super) async fn tell(engine: &Engine, key: &Key) {
    let mut pass = None;
    for _ in 0..ROUNDS {
        if engine.stopping.is_cancelled() {
            return;
        }
        let then = match tell_next(engine, key, pass.take()).await {
            Ok(Then::Enter(gate, notice)) => match enter(engine, &gate, &notice).await {
                Ok(None) => return,
                entered => entered,
            },
            Ok(Then::GoOn) => Ok(None),
            Ok(Then::Rest) => return,
            Err(error) => Err(error),
        };
        match then {
            Ok(entered) => pass = entered,
            Err(error) => {
                tracing::warn!(tenant_id = %key.0, subscriber = %key.1, error = %error, "a notice could not be read or stored: trying again");
                return;
            }
        }
    }
}

/// Waits to be let in at a server. `None`: that took too long, and the notice is put off.
async fn enter(engine: &Engine, gate: &Gate, notice: &Notice) -> Result<Option<Pass>> {
    tokio::select! {
        biased;
        () = engine.stopping.cancelled() => Ok(None),
        pass = engine.line.enter(&gate.server, &notice.tenant) => Ok(Some(pass)),
        () = tokio::time::sleep(LONGEST_WAIT) => {
            put_off(engine, notice, engine.clock.now().plus(COMES_BACK_AFTER)).await?;
            Ok(None)
        }
    }
}

async fn tell_next(engine: &Engine, (tenant, id): &Key, pass: Option<Pass>) -> Result<Then> {
    let (notices, subscriber) = {
        let _leave = engine.reading.acquire().await.expect("it is never closed");
        let notices = engine.store.unfinished_notices(tenant, id, MOST_UNFINISHED).await?;
        (notices, engine.store.subscriber(tenant, id).await)
    };
    let now = engine.clock.now();
    let Some(notice) = Notice::ready(&notices, now).first().copied() else {
        hold_back(engine, &notices, now).await?;
        return Ok(Then::Rest);
    };
    let tried = match subscriber {
        Ok(subscriber) => try_one(engine, notice, subscriber, pass).await,
        Err(error) => Err(error),
    };
    match tried {
        Err(error @ (StoreError::Unavailable { .. } | StoreError::DiskFull)) => Err(error),
        Err(error) => fail(engine, notice, &error).await,
        done => done,
    }
}

/// Whatever only waits for what comes before it is not ready sooner than that: otherwise, those for whom nothing can be done
/// would be found again and again, and nobody else.
async fn hold_back(engine: &Engine, notices: &[Notice], now: Timestamp) -> Result<()> {
    for notice in notices.iter().filter(|notice| notice.ready_at().is_some_and(|ready_at| ready_at <= now)) {
        let first = notices.iter().find(|first| first.event.subject() == notice.event.subject());
        let until = match first.map(|first| &first.state) {
            Some(DeliveryState::Waiting { ready_at }) => *ready_at,
            // Another process tries it, and soon says what came of it.
            _ => now.plus(WHILE_OTHERS_TRY),
        };
        wait_until(engine, notice, until).await?;
    }
    Ok(())
}

/// Something that it needs cannot be read, and perhaps can be later: that is a try like any other.
async fn fail(engine: &Engine, notice: &Notice, error: &StoreError) -> Result<Then> {
    let now = engine.clock.now();
    let verdict = Verdict::Retry { after: None, may_have_arrived: false };
    let outcome = Outcome::new(verdict, None, format!("what it says could not be read: {error}"));
    let next = notice.tried(&outcome, outcome.attempt(now, 0), (now, engine.chance()));
    engine.store.change_notice(&next).await?;
    tracing::error!(tenant_id = %notice.tenant, notice = %notice.id, error = %error, "what a notice needs cannot be read: it waits");
    Ok(Then::GoOn)
}

async fn try_one(engine: &Engine, notice: &Notice, subscriber: Option<Subscriber>, pass: Option<Pass>) -> Result<Then> {
    let now = engine.clock.now();
    if let Some(reason) = letter::unwanted(notice, subscriber.as_ref(), now) {
        return drop_it(engine, notice, subscriber.as_ref(), reason).await;
    }
    let subscriber = subscriber.expect("whoever is not there wants nothing");
    let gate = engine.gates.of(&subscriber, now);
    if let Some(until) = gate.rest.resting(now) {
        put_off(engine, notice, until).await?;
        return Ok(Then::Rest);
    }
    let Some(pass) = pass.filter(|pass| pass.is_for(&gate.server)) else {
        return Ok(Then::Enter(gate, Box::new(notice.clone())));
    };
    let then = send(engine, &gate, notice, &subscriber).await?;
    drop(pass);
    if subscriber.channel.kind() == ChannelKind::Slack {
        tokio::select! {
            () = tokio::time::sleep(SLACK_PACE) => {}
            () = engine.stopping.cancelled() => {}
        }
    }
    Ok(then)
}

async fn send(engine: &Engine, gate: &Gate, notice: &Notice, subscriber: &Subscriber) -> Result<Then> {
    let now = engine.clock.now();
    let store = engine.store.as_ref();
    let Some(page) = engine.scenes.of(store, &notice.tenant, now).await? else {
        return drop_it(engine, notice, Some(subscriber), "the tenant is gone").await;
    };
    let says = match letter::says(store, notice, (subscriber, &page), now).await? {
        Ok(says) => says,
        Err(reason) => return drop_it(engine, notice, Some(subscriber), reason).await,
    };
    let leased = notice.leased(engine.lease_from(now));
    if !store.change_notice(&leased).await? {
        // Somebody else has it, or it is gone.
        return Ok(Then::GoOn);
    }
    let letter = Letter { notice: leased, subscriber: subscriber.clone(), page, says };
    let sent = engine.sender.send(&letter).with_context(trace(&letter)).await;
    let ended = engine.clock.now();
    match sent.outcome.verdict {
        // What Slack asks for, it asks for one of its webhooks.
        Verdict::Retry { .. } if subscriber.channel.kind() == ChannelKind::Slack => gate.rest.note_failure(ended, None),
        Verdict::Retry { after, .. } => gate.rest.note_failure(ended, after),
        _ => gate.rest.note_success(),
    }
    let took = u32::try_from(ended.millis_since(now).max(0)).unwrap_or(u32::MAX);
    finish(engine, &letter.notice, subscriber, &sent, sent.outcome.attempt(now, took)).await
}

/// A trace of its own for each try: what is told goes back to no request, but to what a tick found.
fn trace(letter: &Letter) -> Context {
    traces::begin(&Context::new(), SpanKind::Consumer, || {
        let Letter { notice, subscriber, .. } = letter;
        let attributes = vec![
            KeyValue::new("plimsoll.tenant_id", notice.tenant.to_string()),
            KeyValue::new("plimsoll.notice_id", notice.id.to_string()),
        ];
        (format!("notify {}", subscriber.channel.kind().as_str()).into(), attributes)
    })
}

/// Stores what came of a try. A subscriber who is not to be told anything any more is stopped first: cut short after that, the
/// notice is dropped when its lease has ended.
async fn finish(
    engine: &Engine,
    leased: &Notice,
    subscriber: &Subscriber,
    sent: &Sent,
    attempt: Attempt,
) -> Result<Then> {
    let (now, words) = (engine.clock.now(), sent.outcome.words.as_str());
    count(subscriber, attempt.result.as_str());
    let mut stopped = Ok(());
    if let Tells::Gone(reason) = sent.tells {
        stopped = change(engine, subscriber, |held| Some(held.stopped(reason, words, now))).await;
        note_stopped(subscriber, reason, words);
    }
    let next = leased.tried(&sent.outcome, attempt, (now, engine.chance()));
    store_outcome(engine, &next).await?;
    stopped?;
    let arrived = match next.state {
        DeliveryState::Delivered { .. } => true,
        DeliveryState::Dead { .. } if sent.tells == Tells::Nothing => false,
        _ => return Ok(Then::GoOn),
    };
    let after = |held: &Subscriber| held.after_notice(arrived, words, now);
    // Mostly nothing changes, as far as is known here: then nothing is written.
    if after(subscriber).is_some_and(|next| !next.is_active()) {
        note_stopped(subscriber, StopReason::Failing, words);
    }
    change(engine, subscriber, after).await?;
    Ok(Then::GoOn)
}

async fn store_outcome(engine: &Engine, next: &Notice) -> Result<()> {
    for tried in 1.. {
        match engine.store.change_notice(next).await {
            // Where somebody else has changed it, it is theirs.
            Ok(_) => break,
            Err(error) if tried >= TRIES => return Err(error),
            Err(_) => tokio::time::sleep(BEFORE_THE_NEXT_TRY).await,
        }
    }
    Ok(())
}

/// Changes the subscriber, as it is by now, as `change` says.
async fn change(
    engine: &Engine,
    subscriber: &Subscriber,
    change: impl Fn(&Subscriber) -> Option<Subscriber> + Send + Sync,
) -> Result<()> {
    let mut held = subscriber.clone();
    for _ in 0..CHANGES {
        let Some(next) = change(&held) else { return Ok(()) };
        match engine.store.change_subscriber(&next).await {
            Err(StoreError::Stale { .. } | StoreError::Missing { .. }) => {}
            done => return done,
        }
        match engine.store.subscriber(&held.tenant, &held.id).await? {
            Some(newer) => held = newer,
            None => return Ok(()),
        }
    }
    Ok(())
}

async fn drop_it(
    engine: &Engine,
    notice: &Notice,
    subscriber: Option<&Subscriber>,
    reason: &'static str,
) -> Result<Then> {
    engine.store.change_notice(&notice.dropped(reason, engine.clock.now())).await?;
    if let Some(subscriber) = subscriber {
        count(subscriber, "dropped");
    }
    Ok(Then::GoOn)
}

/// Has it wait for a server that rests: that is no try.
async fn put_off(engine: &Engine, notice: &Notice, until: Timestamp) -> Result<()> {
    #[expect(clippy::cast_possible_truncation, reason = "half a minute")]
    let spread = Span::from_seconds((engine.chance() * SPREAD) as i64);
    wait_until(engine, notice, until.plus(spread)).await
}

async fn wait_until(engine: &Engine, notice: &Notice, ready_at: Timestamp) -> Result<()> {
    let state = DeliveryState::Waiting { ready_at };
    engine.store.change_notice(&Notice { state, version: notice.version + 1, ..notice.clone() }).await.map(drop)
}

fn count(subscriber: &Subscriber, result: &'static str) {
    let channel = subscriber.channel.kind().as_str();
    metrics::counter!("plimsoll_notices_total", "channel" => channel, "result" => result).increment(1);
}

fn note_stopped(subscriber: &Subscriber, reason: StopReason, words: &str) {
    tracing::info!(
        tenant_id = %subscriber.tenant,
        subscriber = %subscriber.id,
        channel = subscriber.channel.kind().as_str(),
        reason = ?reason,
        words,
        "a subscriber is told nothing any more"
    );
}
