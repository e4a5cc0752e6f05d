//! A tenant with everything around it: what it is told is kept raw, and stored as a store would; at each tick its accounts
//! are moved on; and each measurement is held against what is raw.

use std::collections::BTreeMap;

use plimsoll_domain::accounts::{Accounts, Scene};
use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{Series, SloType, TenantId};
use plimsoll_domain::ledger::last_day;
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::rollup::Counts;
use plimsoll_domain::sample::{Events, Portion, Sample, SampleStatus};
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::slo::explain::{Material, explain};
use plimsoll_domain::slo::{Measurement, Sli, SliKind, Slo};
use plimsoll_domain::time::{Interval, Tick, Timestamp};

use crate::calendar;
use crate::pantry::Pantry;
use crate::raw::{Pushed, Raw};
use crate::reckon::Reckoner;
use crate::ticker::Ticker;

/// Components in two groups, and one in none.
pub(crate) const COMPONENTS: [(&str, Option<&str>); 3] = [("api", Some("core")), ("web", Some("core")), ("mail", None)];

/// For how many ticks a verdict stands for the present.
const FRESH_TICKS: i64 = 3;

/// What a component is told to be at one tick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) status: SampleStatus,
    pub(crate) latency_ms: Option<u32>,
    pub(crate) maintenance: bool,
}

/// What is to be stored of one series.
pub(crate) type ToStore = (Series, Portion);

pub(crate) struct Town {
    pub(crate) interval: Interval,
    pub(crate) components: Vec<Component>,
    pub(crate) slos: Vec<Slo>,
    pub(crate) pantry: Pantry,
    pub(crate) ticker: Ticker,
    /// The last measurement of each SLO there ever was, as a store would keep it.
    pub(crate) measured: BTreeMap<SloType, Measurement>,
    tenant: TenantId,
    raw: Raw,
    reckoner: Reckoner,
}

impl Town {
    pub(crate) fn new(slos: Vec<Slo>, interval: Interval) -> Self {
        let tenant: TenantId = "acme".parse().expect("a slug");
        let mut town = Self {
            interval,
            components: components(&tenant).collect(),
            slos: Vec::new(),
            pantry: Pantry::default(),
            ticker: Ticker::default(),
            measured: BTreeMap::new(),
            tenant,
            raw: Raw::default(),
            reckoner: Reckoner::default(),
        };
        town.configure(slos);
        town
    }

    /// Puts other SLOs in the place of those there are.
    pub(crate) fn configure(&mut self, slos: Vec<Slo>) {
        self.slos = slos;
        self.ticker.plan_for(&self.slos, &self.components);
    }

    /// Has the first `count` of its components from now on.
    pub(crate) fn have_components(&mut self, count: usize) {
        self.components = components(&self.tenant).take(count).collect();
        self.ticker.plan_for(&self.slos, &self.components);
    }

    pub(crate) fn sample(&mut self, component: usize, tick: Tick, verdict: Verdict) {
        let (series, portion) = self.keep_sample(component, tick, verdict);
        self.pantry.record(&series, &portion);
    }

    /// Keeps a sample raw, and gives what is to be stored of it.
    pub(crate) fn keep_sample(&mut self, component: usize, tick: Tick, verdict: Verdict) -> ToStore {
        let Verdict { status, latency_ms, maintenance } = verdict;
        let sample = Sample { tick, status, latency_ms, maintenance };
        let id = &self.components[component].id;
        self.raw.sample(id, sample);
        (Series::from(id), Portion { samples: vec![sample], events: Vec::new() })
    }

    pub(crate) fn push(&mut self, slo: usize, at: Timestamp, pushed: Pushed) {
        let (series, portion) = self.keep_events(slo, at, pushed);
        self.pantry.record(&series, &portion);
    }

    /// Keeps events for an SLO raw, and gives what is to be stored of them; latencies are judged against its threshold,
    /// exactly.
    pub(crate) fn keep_events(&mut self, slo: usize, at: Timestamp, mut pushed: Pushed) -> ToStore {
        let slo = &self.slos[slo];
        if let SliKind::Latency { threshold_ms } = slo.kind {
            pushed.good = pushed.latencies.iter().filter(|latency| **latency <= threshold_ms).count() as u64;
            pushed.bad = pushed.latencies.len() as u64 - pushed.good;
        } else {
            pushed.latencies.clear();
        }
        self.raw.push(&slo.slo_type, at.millis(), pushed.clone());
        let Pushed { good, bad, maintenance, latencies } = pushed;
        let events = Events { at, good, bad, maintenance, latency: Sketch::of(latencies) };
        (slo.series(), Portion { samples: Vec::new(), events: vec![events] })
    }

    /// Moves the accounts on to the end of `tick`, and measures nothing.
    pub(crate) fn advance(&mut self, tick: Tick) {
        let end = tick.end(self.interval);
        assert!(self.ticker.advance(&mut self.pantry, end, |_| {}), "nothing is changed behind their back");
        assert!(self.pantry.is_folded_before(last_day(end).first_hour()), "the page asks for days that are over");
    }

    /// Moves the accounts on while something comes in when closed hours have just been folded: what is measured then is
    /// not looked at, only that it mends itself.
    pub(crate) fn advance_while_told(&mut self, tick: Tick, told: &[ToStore]) {
        let come_in = |pantry: &mut Pantry| {
            for (series, portion) in told {
                pantry.record(series, portion);
            }
        };
        let _all = self.ticker.advance(&mut self.pantry, tick.end(self.interval), come_in);
    }

    /// Measures every SLO at the tick that was last advanced to, and holds each against what is raw.
    pub(crate) fn measure(&mut self, tick: Tick) {
        for slo in &self.slos {
            let measured = self.measure_with(&self.ticker.accounts, slo, tick);
            self.reckoner.check(&self.raw, &self.components, self.interval, (slo, &measured));
            self.measured.insert(slo.slo_type.clone(), measured.clone());
            assert_eq!(self.measure_with(&self.ticker.accounts, slo, tick), measured, "doing it again changes nothing");
        }
        self.check_page(tick);
    }

    /// What the page says of a component: its day so far, and how it is.
    fn check_page(&self, tick: Tick) {
        let end = tick.end(self.interval);
        let oldest = Timestamp::from_seconds(tick.seconds() - FRESH_TICKS * self.interval.seconds());
        for component in &self.components {
            let series = Series::from(&component.id);
            let today = self.ticker.accounts.today(&series, end).expect("it is planned");
            let mut told = self.raw.day(&component.id, end.millis());
            for (maintenance, tally) in [(false, today.normal), (true, today.maintenance)] {
                let parts = [tally.operational, tally.degraded, tally.down, tally.unknown];
                for (status, count) in ["operational", "degraded", "down", "unknown"].into_iter().zip(parts) {
                    assert_eq!(
                        count,
                        told.remove(&(maintenance, status)).unwrap_or(0),
                        "{status} of {series} at {end}"
                    );
                }
            }
            assert_eq!(today.event_hours, 0);
            let latest = self.raw.latest(&component.id, oldest.millis(), end.millis());
            assert_eq!(self.ticker.accounts.latest(&series, oldest, end), latest, "{series} at {end}");
        }
    }

    fn measure_with(&self, accounts: &Accounts, slo: &Slo, tick: Tick) -> Measurement {
        accounts.measure(slo, &self.scene(tick), self.measured.get(&slo.slo_type))
    }

    pub(crate) fn scene(&self, tick: Tick) -> Scene<'_> {
        Scene { tenant: &self.tenant, components: &self.components, tick, interval: self.interval }
    }

    /// Holds accounts that were moved on against accounts made afresh, and what an explanation adds up to against both.
    pub(crate) fn compare_with_afresh(&self, tick: Tick) {
        let end = tick.end(self.interval);
        let made = self.ticker.afresh(&self.pantry, end);
        for slo in &self.slos {
            let moved = self.measure_with(&self.ticker.accounts, slo, tick);
            assert_eq!(moved, self.measure_with(&made.accounts, slo, tick));
            let material = Material { pasts: &made.pasts, hours: &made.hours };
            let buckets = explain(slo, &self.components, material, end);
            let all: Counts = buckets.iter().map(|bucket| bucket.counts).sum();
            let Sli { good, valid } = Sli::of(&all, slo.count_maintenance);
            assert_eq!((good, valid), (moved.good, moved.valid), "the explanation of {slo:?}");
            let mut from = calendar::start(slo.window, end.millis());
            for bucket in &buckets {
                assert_eq!(bucket.from.millis(), from, "buckets lie side by side");
                from = bucket.to.millis();
            }
            assert!(buckets.is_empty() || from == end.millis());
        }
        for component in &self.components {
            let series = Series::from(&component.id);
            assert_eq!(self.ticker.accounts.today(&series, end), made.accounts.today(&series, end));
        }
    }

    /// Everything of one tick that is looked at.
    pub(crate) fn tick(&mut self, tick: Tick) {
        self.advance(tick);
        self.measure(tick);
    }
}

fn components(tenant: &TenantId) -> impl Iterator<Item = Component> {
    COMPONENTS.into_iter().map(|(id, group)| Component {
        tenant: tenant.clone(),
        id: id.parse().expect("a slug"),
        name: id.to_owned(),
        group: group.map(str::to_owned),
        description: None,
        probe: ProbeSpec::Push,
        created_at: Timestamp::from_millis(0),
        probe_since: None,
    })
}
