//! Whether an alert was worth waking somebody for, and what that comes to over many.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::Alert;
use crate::invalid::{Faults, Invalid, check_text};
use crate::time::Timestamp;

/// The label under which an alert names the SLO that it is about.
pub const SLO_LABEL: &str = "slo_type";

/// Whether it was worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usefulness {
    /// Something had to be done.
    Useful,
    /// Nothing had to be done.
    Noise,
}

/// What somebody says of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Whether it was worth it.
    pub verdict: Usefulness,
    /// Why.
    pub comment: Option<String>,
    /// When it was said.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

impl Feedback {
    /// Refuses a comment that is empty or too long.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        if let Some(comment) = &self.comment {
            check_text(&mut faults, comment, 1_000, "/comment");
        }
        faults.finish()
    }
}

/// How many alerts were useful, and how many were noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoiseShare {
    /// Something had to be done.
    pub useful: u64,
    /// Nothing had to be done.
    pub noise: u64,
}

impl NoiseShare {
    /// noise ÷ all; `None` without any feedback.
    pub fn ratio(self) -> Option<f64> {
        let all = self.useful + self.noise;
        (all > 0).then(|| self.noise as f64 / all as f64)
    }

    const fn count(&mut self, verdict: Usefulness) {
        match verdict {
            Usefulness::Useful => self.useful += 1,
            Usefulness::Noise => self.noise += 1,
        }
    }
}

/// What the feedback on many alerts comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noise {
    /// By the routes that they took.
    pub routes: BTreeMap<String, NoiseShare>,
    /// By the SLO that they were about.
    pub slos: BTreeMap<String, NoiseShare>,
}

impl Noise {
    /// What the feedback on `alerts` comes to; those without any do not count.
    pub fn of<'a>(alerts: impl IntoIterator<Item = &'a Alert>) -> Self {
        let mut noise = Self::default();
        for alert in alerts {
            let Some(feedback) = &alert.feedback else { continue };
            for route in &alert.routes {
                noise.routes.entry(route.clone()).or_default().count(feedback.verdict);
            }
            if let Some(slo) = alert.content.labels.get(SLO_LABEL) {
                noise.slos.entry(slo.clone()).or_default().count(feedback.verdict);
            }
        }
        noise
    }
}
