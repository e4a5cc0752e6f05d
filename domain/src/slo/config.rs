//! What a tenant promises: its SLOs, and the default it starts with.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::component::Component;
use crate::ids::{ComponentId, SloType};
use crate::invalid::{Faults, Invalid};
use crate::slo::{Objective, Thresholds};
use crate::time::Span;

/// Most SLOs one tenant may have.
pub const MAX_SLOS: usize = 200;
/// Shortest rolling window.
pub const SHORTEST_WINDOW: Span = Span::hours(1);
/// Longest rolling window: as long as samples are kept, so that its far edge is exact to the tick.
pub const LONGEST_WINDOW: Span = Span::days(90);
/// Bad samples that a long window must hold before a tier fires: at 99.9 % one bad minute of an hour already burns at
/// 16.7 times the budget's pace, and one minute is no reason to wake anybody.
pub const DEFAULT_MINIMUM_BAD_SAMPLES: u32 = 2;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SliKind {
    /// The share of samples that were operational or degraded.
    Availability,
}

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
    pub kind: SliKind,
    /// What is promised.
    pub objective: Objective,
    /// Over which rolling window.
    pub window: Span,
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
}

const fn default_minimum() -> u32 {
    DEFAULT_MINIMUM_BAD_SAMPLES
}

impl Slo {
    /// The SLO of a tenant that never configured any: availability 0.999 of all components over rolling 30 days.
    pub fn default_availability() -> Self {
        Self {
            slo_type: "availability".parse().expect("a valid name"),
            kind: SliKind::Availability,
            objective: Objective::THREE_NINES,
            window: Span::days(30),
            scope: Scope::All,
            count_maintenance: false,
            minimum_bad_samples: DEFAULT_MINIMUM_BAD_SAMPLES,
            thresholds: Thresholds::default(),
        }
    }

    fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        faults.require((SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&self.window), "/window", || {
            format!("expected {SHORTEST_WINDOW} to {LONGEST_WINDOW}, got {}", self.window)
        });
        faults.require((1..=10_000).contains(&self.minimum_bad_samples), "/minimum_bad_samples", || {
            format!("expected 1 to 10000, got {}", self.minimum_bad_samples)
        });
        faults.absorb(self.thresholds.validate(), "/thresholds");
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
        Self { version: 0, objectives: vec![Slo::default_availability()] }
    }
}

impl SloConfig {
    /// Refuses too many SLOs, two of one name, and whatever is wrong with one of them.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        let count = self.objectives.len();
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
