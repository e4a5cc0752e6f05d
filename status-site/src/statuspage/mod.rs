//! The page in the shapes of the Statuspage read API v2, so that what reads such pages (bots, dashboards, IDE plugins) reads
//! this one without knowing it.
//!
//! Every field such a reader may look for is there, with null where there is nothing to say. What the API has no word for is
//! told in the nearest word that alarms no less: see docs/statuspage-api.md. The API is read only; what it says is a view of
//! the same [`Scene`](crate::scene::Scene) as the page, so that the two cannot disagree.

mod answers;
mod component;
mod incident;
mod maintenance;
mod overall;
#[cfg(test)]
mod tests;

pub(crate) use answers::{active, components, incidents, maintenances, status, summary, unresolved, upcoming};
