//! From OpenSLO to SLOs.
//!
//! First what others refer to, then the SLOs; then the domain looks over all of them, and what it finds is told by its
//! place in the file.

mod alert;
mod compared;
mod indicator;
mod kind;
mod library;
mod node;
mod object;
mod places;
mod slo;
mod source;
mod window;

use plimsoll_domain::component::Component;
use plimsoll_domain::invalid::{Fault, Faults, Invalid};
use plimsoll_domain::slo::{Slo, SloConfig};

use crate::read::library::File;
use crate::read::slo::Draft;
use crate::yaml::{self, Bounds};

/// Most documents of one file: more than the most that a tenant's SLOs are written as.
const MOST: usize = 5_000;
const BOUNDS: Bounds = Bounds { documents: MOST, depth: 32 };
/// Most faults of one answer.
const MAX_FAULTS: usize = 1_000;
/// Longest sentence about one, in characters: it may quote a text, and a text may be as long as the file.
const MAX_DETAIL: usize = 400;

/// The SLOs of a stream of OpenSLO v1 documents in YAML, in their order: valid, of names used once, and of `components`
/// that exist.
///
/// What comes from elsewhere, without our annotations, is read as far as it can be measured as it is meant:
/// - a `ratioMetric` is of kind `prometheus` when its source is a Prometheus whose URL a `DataSource` of the file says,
///   and of kind `events`, which are pushed, otherwise. A `counter` is asked for its increase of one tick;
/// - a `thresholdMetric` is of kind `latency`, its value in milliseconds; that of a Prometheus is of kind `prometheus`
///   and good or bad as a whole each tick;
/// - without `timeWindow`, 30 days; without `alertPolicies`, the default tiers; all components; everything else as an
///   SLO that says nothing about it.
///
/// The faults are all there are (the first thousand), each with a pointer such as `/1/spec/objectives/0/target`, whose
/// first part counts the documents that are not empty, from 0. That there is no YAML is a fault at the empty pointer,
/// with line and column.
pub fn read(yaml: &str, components: &[Component]) -> Result<Vec<Slo>, Invalid> {
    let values = yaml::parse(yaml, BOUNDS).map_err(|malformed| Invalid::at("", malformed.to_string()))?;
    let mut faults = Faults::default();
    let file = File::new(&values, &mut faults)?;
    let library = file.library(&mut faults);
    let drafts = file.of_kind("SLO").map(|object| Draft::read(object, &library, components, &mut faults));
    let (objectives, places): (Vec<_>, Vec<_>) = drafts.map(|draft| (draft.slo, draft.places)).unzip();
    let config = SloConfig { version: 0, objectives };
    let domain = config.validate().map_err(|invalid| {
        let translate = |fault: Fault| {
            let Some((index, part)) = within(&fault.pointer) else { return Fault { pointer: String::new(), ..fault } };
            places[index].translate(Fault { pointer: part, ..fault })
        };
        Invalid(invalid.0.into_iter().map(translate).collect())
    });
    faults.absorb(domain, "");
    faults.finish().map(|()| config.objectives).map_err(first)
}

/// Which SLO, and what of it, the domain's `pointer` speaks of: `/objectives/3/window` is 3 and `/window`.
fn within(pointer: &str) -> Option<(usize, String)> {
    let rest = pointer.strip_prefix("/objectives/")?;
    let (index, part) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((index.parse().ok()?, part.to_owned()))
}

fn first(mut invalid: Invalid) -> Invalid {
    let more = invalid.0.len().saturating_sub(MAX_FAULTS);
    invalid.0.truncate(MAX_FAULTS);
    for fault in &mut invalid.0 {
        if let Some((end, _)) = fault.detail.char_indices().nth(MAX_DETAIL) {
            fault.detail.truncate(end);
            fault.detail.push('…');
        }
    }
    if more > 0 {
        let detail = format!("expected fewer faults, there are {more} more");
        invalid.0.push(Fault { pointer: String::new(), detail });
    }
    invalid
}
