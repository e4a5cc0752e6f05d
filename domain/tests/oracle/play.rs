//! Plays a history in a town.

use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::slo::Slo;
use plimsoll_domain::time::{Interval, Tick, Timestamp};

use crate::history::{Stretch, What};
use crate::town::{Town, Verdict};

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
        if let Some((away, noted)) = stretch.away {
            tick = stay_away(&mut town, tick, away.seconds(), noted);
        }
        for step in 0..stretch.ticks {
            let races = tell(&mut town, stretch, tick, step);
            let is_last = step + 1 == stretch.ticks;
            if !races.is_empty() {
                town.advance_while_told(tick, races);
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

fn stay_away(town: &mut Town, from: Tick, seconds: i64, is_noted: bool) -> Tick {
    let to = Tick::containing(Timestamp::from_seconds(from.seconds() + seconds), town.interval);
    let mut tick = from;
    while is_noted && tick < to {
        let unknown = Verdict { status: SampleStatus::Unknown, latency_ms: None, maintenance: false };
        (0..town.components.len()).for_each(|component| town.sample(component, tick, unknown));
        tick = tick.next(town.interval);
    }
    to
}

/// Tells what is to be told at this tick, and gives what is to be told later in it.
fn tell(town: &mut Town, stretch: &Stretch, tick: Tick, step: usize) -> Vec<(usize, Tick, Verdict)> {
    for (component, verdict) in stretch.verdicts.iter().enumerate() {
        if let Some(verdict) = verdict {
            town.sample(component, tick, *verdict);
        }
    }
    let mut races = Vec::new();
    for told in stretch.told.iter().filter(|told| told.when.index(stretch.ticks) == step) {
        let at = Timestamp::from_millis(tick.end(town.interval).millis() - told.back_ms);
        let its_tick = Tick::containing(at, town.interval);
        match &told.what {
            What::Sample(component, verdict) => town.sample(*component, its_tick, *verdict),
            What::Race(component, verdict) => races.push((*component, its_tick, *verdict)),
            What::Events(which, pushed) => {
                let takers: Vec<_> = (0..town.slos.len()).filter(|slo| town.slos[*slo].kind.has_events()).collect();
                if !takers.is_empty() {
                    town.push(*which.get(&takers), at, pushed.clone());
                }
            }
        }
    }
    races
}
