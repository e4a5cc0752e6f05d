//! Moves accounts on from tick to tick as the tick job does, over what a store would hold.

use std::collections::BTreeMap;

use plimsoll_domain::accounts::{Accounts, HeldHour, Plan, SeriesPast};
use plimsoll_domain::component::Component;
use plimsoll_domain::ids::Series;
use plimsoll_domain::ledger::folded_before;
use plimsoll_domain::slo::Slo;
use plimsoll_domain::time::{Hour, Timestamp};

use crate::pantry::Pantry;

/// How often accounts are brought to the end of a tick while something comes in where it should not.
const ATTEMPTS: usize = 3;

#[derive(Debug, Default)]
pub(crate) struct Ticker {
    pub(crate) accounts: Accounts,
    plan: Plan,
    /// How often an account had to be built anew, after the first time.
    pub(crate) rebuilt: usize,
}

impl Ticker {
    pub(crate) fn plan_for(&mut self, slos: &[Slo], components: &[Component]) {
        self.plan = Plan::of(slos, components).with_today(components);
    }

    /// Brings the accounts to `end`. `meanwhile` comes in when closed hours have just been folded. Whether everything
    /// could be brought there: else something that came in meanwhile is still to be seen.
    pub(crate) fn advance(&mut self, pantry: &mut Pantry, end: Timestamp, meanwhile: impl FnOnce(&mut Pantry)) -> bool {
        self.fold(pantry, end);
        meanwhile(pantry);
        for _ in 0..ATTEMPTS {
            if self.bring_to(pantry, end) {
                return true;
            }
            self.fold(pantry, end);
        }
        false
    }

    fn fold(&mut self, pantry: &mut Pantry, end: Timestamp) {
        for (series, hour, samples) in pantry.fold(folded_before(end)) {
            self.accounts.note_change(&series, hour, &samples);
        }
    }

    fn bring_to(&mut self, pantry: &Pantry, end: Timestamp) -> bool {
        for series in self.accounts.missing(&self.plan, end) {
            self.rebuilt += 1;
            let past = pantry.past(&series, &self.plan.past_needed(&series, end));
            self.accounts.build(&self.plan, &series, &past, end);
        }
        put_needed(&mut self.accounts, pantry, end);
        self.accounts.advance(end)
    }

    /// Accounts made from nothing but what the store holds, and what they were made of.
    pub(crate) fn afresh(&self, pantry: &Pantry, end: Timestamp) -> Afresh {
        let mut made = Afresh::default();
        for series in made.accounts.missing(&self.plan, end) {
            let past = pantry.past(&series, &self.plan.past_needed(&series, end));
            made.accounts.build(&self.plan, &series, &past, end);
            made.pasts.insert(series, past);
        }
        made.hours = put_needed(&mut made.accounts, pantry, end);
        assert!(made.accounts.advance(end), "fresh accounts have nothing to take away");
        made
    }
}

/// Accounts that were just made, and what of.
#[derive(Debug, Default)]
pub(crate) struct Afresh {
    pub(crate) accounts: Accounts,
    pub(crate) pasts: BTreeMap<Series, SeriesPast>,
    pub(crate) hours: BTreeMap<(Series, Hour), HeldHour>,
}

fn put_needed(accounts: &mut Accounts, pantry: &Pantry, end: Timestamp) -> BTreeMap<(Series, Hour), HeldHour> {
    let needed = accounts.hours_needed(end).into_iter();
    let keys: Vec<_> =
        needed.flat_map(|(series, hours)| hours.into_iter().map(move |hour| (series.clone(), hour))).collect();
    let mut read = BTreeMap::new();
    for (series, hour) in keys {
        let held = pantry.held(&series, hour, end).unwrap_or_default();
        accounts.put(&series, hour, &held);
        read.insert((series, hour), held);
    }
    read
}
