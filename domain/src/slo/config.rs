//! What a tenant promises: its SLOs, and those it starts with.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::component::Component;
use crate::ids::{ComponentId, Series, SloType};
use crate::invalid::{Faults, Invalid};
use crate::maintenance::Maintenance;
use crate::slo::burn::{BURN_WINDOWS, DEFAULT_TIERS, Tier};
use crate::slo::sli::{Judge, SliKind, Source};
use crate::slo::window::{LONGEST_WINDOW, SHORTEST_WINDOW, Window};
use crate::slo::{Objective, Thresholds};
use crate::time::{Span, Timestamp};

/// Most SLOs one tenant may have.
pub const MAX_SLOS: usize = 200;
/// Most SLOs of one tenant that the public sees.
pub const MAX_PUBLIC: usize = 20;
/// Bad samples that a long window must hold before a tier fires: at 99.9 % one bad minute of an hour already burns at
/// 16.7 times the budget's pace, and one minute is no reason to wake anybody.
pub const DEFAULT_MINIMUM_BAD_SAMPLES: u32 = 2;
/// Most tiers of one SLO.
pub const MAX_TIERS: usize = 8;

/// Which components an SLO speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All of the tenant's.
    #[default]
    All,
    /// Those under one heading.
    Group(String),
    /// One.
    Component(ComponentId),
}

impl Scope {
    /// Whether `component` is meant.
    pub fn includes(&self, component: &Component) -> bool {
        match self {
            Self::All => true,
            Self::Group(name) => component.group.as_ref() == Some(name),
            Self::Component(id) => &component.id == id,
        }
    }
}

/// One service level objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// Its name within the tenant, and in the path of its history.
    pub slo_type: SloType,
    /// What is measured.
    #[serde(flatten)]
    pub kind: SliKind,
    /// What is promised.
    pub objective: Objective,
    /// Over which time.
    pub window: Window,
    /// Of which components.
    #[serde(default)]
    pub scope: Scope,
    /// Whether samples inside announced maintenance count.
    #[serde(default)]
    pub count_maintenance: bool,
    /// Bad samples that a tier's long window must hold before the tier fires.
    #[serde(default = "default_minimum")]
    pub minimum_bad_samples: u32,
    /// Where its status turns.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// The tiers that fire, the fastest first. Those that are longer than its window are passed over.
    #[serde(default = "default_tiers")]
    pub tiers: Vec<Tier>,
    /// Whether the public sees its burn-down, on the pages of the components in its scope.
    #[serde(default)]
    pub public: bool,
}

fn default_tiers() -> Vec<Tier> {
    DEFAULT_TIERS.to_vec()
}

const fn default_minimum() -> u32 {
    DEFAULT_MINIMUM_BAD_SAMPLES
}

impl Slo {
    /// An SLO of all components over rolling 30 days, with everything else at its default.
    pub fn new(slo_type: SloType, kind: SliKind, objective: Objective) -> Self {
        Self {
            slo_type,
            kind,
            objective,
            window: Window::Rolling(Span::days(30)),
            scope: Scope::All,
            count_maintenance: false,
            minimum_bad_samples: DEFAULT_MINIMUM_BAD_SAMPLES,
            thresholds: Thresholds::default(),
            tiers: default_tiers(),
            public: false,
        }
    }

    /// The first of the SLOs of a tenant that never configured any: availability 0.999.
    pub fn default_availability() -> Self {
        Self::new("availability".parse().expect("a valid name"), SliKind::Availability, Objective::THREE_NINES)
    }

    fn default_latency(name: &str, threshold_ms: f64, objective: f64) -> Self {
        let objective = Objective::new(objective).expect("a valid objective");
        Self::new(name.parse().expect("a valid name"), SliKind::Latency { threshold_ms }, objective)
    }

    /// The tiers that fit into its window, the fastest first.
    pub fn usable_tiers(&self) -> impl Iterator<Item = &Tier> {
        self.tiers.iter().filter(|tier| tier.long <= self.window.shortest())
    }

    /// The windows over which its burn rate is measured, beside its own: the usual ones and those of its tiers, the
    /// shortest first.
    pub fn burn_windows(&self) -> Vec<Span> {
        let tiers = self.tiers.iter().flat_map(|tier| [tier.long, tier.short]);
        BURN_WINDOWS.into_iter().chain(tiers).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The components in its scope.
    pub fn components<'a>(&self, components: &'a [Component]) -> impl Iterator<Item = &'a Component> {
        components.iter().filter(|component| self.scope.includes(component))
    }

    /// Whether everything in its scope is in announced maintenance at `at`, and so its own events are, too.
    pub fn is_maintained(&self, components: &[Component], maintenances: &[Maintenance], at: Timestamp) -> bool {
        let mut inside = self.components(components).peekable();
        let covered = |component: &Component| maintenances.iter().any(|held| held.covers(&component.id, at));
        inside.peek().is_some() && inside.all(covered)
    }

    /// Where its own events are kept.
    pub fn series(&self) -> Series {
        Series::of_events(&self.slo_type, self.kind.parts())
    }

    /// What it adds up: the samples of the components in its scope, its own events, or both.
    pub fn sources(&self, components: &[Component]) -> Vec<Source> {
        let judged = self.kind.judge().into_iter().flat_map(|judge| {
            self.components(components).map(move |component| Source { series: (&component.id).into(), judge })
        });
        let own = Source { series: self.series(), judge: Judge::Verdict };
        judged.chain(self.kind.has_events().then_some(own)).collect()
    }

    /// Refuses what cannot be measured; faults start at the SLO.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        faults.absorb(self.kind.validate(), "");
        if let Window::Rolling(span) = self.window {
            let whole = span.seconds() % 60 == 0;
            faults.require(whole && (SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&span), "/window", || {
                format!("expected {SHORTEST_WINDOW} to {LONGEST_WINDOW} in whole minutes, got {span}")
            });
        }
        faults.require((1..=10_000).contains(&self.minimum_bad_samples), "/minimum_bad_samples", || {
            format!("expected 1 to 10000, got {}", self.minimum_bad_samples)
        });
        faults.absorb(self.thresholds.validate(), "/thresholds");
        let count = self.tiers.len();
        faults.require(count <= MAX_TIERS, "/tiers", || format!("expected at most {MAX_TIERS} tiers, got {count}"));
        let longs: BTreeSet<_> = self.tiers.iter().map(|tier| tier.long).collect();
        faults.require(longs.len() == count, "/tiers", || "expected each long window once".to_owned());
        let is_own = self.tiers != DEFAULT_TIERS;
        for (index, tier) in self.tiers.iter().enumerate().filter(|_| is_own) {
            faults.absorb(tier.validate(self.window), &format!("/tiers/{index}"));
        }
        faults.finish()
    }
}

/// A tenant's SLOs, with the version that an `ETag` is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SloConfig {
    /// 0 until configured for the first time, then one more with each change.
    pub version: u64,
    /// The SLOs, in the order the tenant gave them.
    pub objectives: Vec<Slo>,
}

impl Default for SloConfig {
    fn default() -> Self {
        let objectives = vec![
            Slo::default_availability(),
            Slo::default_latency("latency_p95", 300.0, 0.95),
            Slo::default_latency("latency_p99", 800.0, 0.99),
        ];
        Self { version: 0, objectives }
    }
}

impl SloConfig {
    /// Refuses too many SLOs, two of one name, and whatever is wrong with one of them.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        let count = self.objectives.len();
        let public = self.objectives.iter().filter(|slo| slo.public).count();
        faults.require(public <= MAX_PUBLIC, "/objectives", || {
            format!("expected at most {MAX_PUBLIC} public SLOs, got {public}: a page has room for so many")
        });
        faults.require(count <= MAX_SLOS, "/objectives", || format!("expected at most {MAX_SLOS} SLOs, got {count}"));
        let mut names = BTreeSet::new();
        for (index, slo) in self.objectives.iter().enumerate() {
            faults.absorb(slo.validate(), &format!("/objectives/{index}"));
            faults.require(names.insert(&slo.slo_type), &format!("/objectives/{index}/slo_type"), || {
                format!("expected a name used once, got {:?} again", slo.slo_type.as_str())
            });
        }
        faults.finish()
    }
}
