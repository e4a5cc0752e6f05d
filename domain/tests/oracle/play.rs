//! Plays a history in a town.

use plimsoll_domain::accounts::Accounts;
use plimsoll_domain::sample::{SampleStatus, ticks_between};
use plimsoll_domain::slo::Slo;
use plimsoll_domain::time::{Interval, Tick, Timestamp};

use crate::history::{Before, Stretch, Told, What};
use crate::town::{ToStore, Town, Verdict};

/// What is looked at while a history is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Care {
    /// Every so many ticks that the accounts are moved on, everything is measured.
    pub(crate) measured_each: usize,
    /// Whether accounts made afresh are held against them as well.
    pub(crate) afresh: bool,
}

/// Plays `history` from `start` on, and gives the town as it is then.
pub(crate) fn play(slos: Vec<Slo>, interval: Interval, start: Timestamp, history: &[Stretch], care: Care) -> Town {
    let mut town = Town::new(slos, interval);
    let mut tick = Tick::containing(start, interval);
    let mut moves = 0;
    for stretch in history {
        if let Some(slos) = &stretch.configured {
            town.configure(slos.clone());
        }
        if let Some(count) = stretch.components {
            town.have_components(count);
        }
        tick = begin(&mut town, tick, stretch.before);
        for step in 0..stretch.ticks {
            let races = tell(&mut town, stretch, tick, step);
            let is_last = step + 1 == stretch.ticks;
            if !races.is_empty() {
                town.advance_while_told(tick, &races);
            } else if step % stretch.stride == 0 || is_last {
                town.advance(tick);
                moves += 1;
                if moves % care.measured_each == 0 || is_last {
                    town.measure(tick);
                    if care.afresh {
                        town.compare_with_afresh(tick);
                    }
                }
            }
            tick = tick.next(interval);
        }
        town.pantry.expire(tick.start());
    }
    town
}

/// The tick that goes on with after what happened `before`.
fn begin(town: &mut Town, tick: Tick, before: Before) -> Tick {
    let shifted = |seconds: i64| Tick::containing(Timestamp::from_seconds(tick.seconds() + seconds), town.interval);
    match before {
        Before::Nothing => tick,
        Before::Restart => {
            town.ticker.accounts = Accounts::default();
            tick
        }
        Before::ClockBack(span) => shifted(-span.seconds()),
        Before::Away(span, is_noted) => {
            let back = shifted(span.seconds());
            for missed in ticks_between(tick, back, town.interval).filter(|_| is_noted) {
                let unknown = Verdict { status: SampleStatus::Unknown, latency_ms: None, maintenance: false };
                (0..town.components.len()).for_each(|component| town.sample(component, missed, unknown));
            }
            back
        }
    }
}

/// Tells what is to be told at this tick, and gives what is to be stored later in it.
fn tell(town: &mut Town, stretch: &Stretch, tick: Tick, step: usize) -> Vec<ToStore> {
    for (component, verdict) in stretch.verdicts.iter().enumerate().take(town.components.len()) {
        if let Some(verdict) = verdict {
            town.sample(component, tick, *verdict);
        }
    }
    let now = stretch.told.iter().filter(|told| told.when.index(stretch.ticks) == step);
    let (later, first): (Vec<_>, Vec<_>) = now.partition(|told| told.races);
    for told in first {
        if let Some((series, portion)) = keep(town, tick, told) {
            town.pantry.record(&series, &portion);
        }
    }
    later.into_iter().filter_map(|told| keep(town, tick, told)).collect()
}

fn keep(town: &mut Town, tick: Tick, told: &Told) -> Option<ToStore> {
    let at = Timestamp::from_millis(tick.end(town.interval).millis() - told.back_ms);
    match &told.what {
        What::Sample(component, verdict) => {
            let its_tick = Tick::containing(at, town.interval);
            (*component < town.components.len()).then(|| town.keep_sample(*component, its_tick, *verdict))
        }
        What::Events(which, pushed) => {
            let takers: Vec<_> = (0..town.slos.len()).filter(|slo| town.slos[*slo].kind.has_events()).collect();
            (!takers.is_empty()).then(|| town.keep_events(*which.get(&takers), at, pushed.clone()))
        }
    }
}
