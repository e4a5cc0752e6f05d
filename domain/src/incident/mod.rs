//! Incidents: what the public is told while something is wrong, and the state machine that opens and closes the
//! automatic ones.
//!
//! The state lives in the incident itself: a tick that is run again, or half run, finds it there and decides the same.

mod automatic;
mod burning;
mod record;
mod template;

pub use automatic::{AUTOMATIC, AutoIncident, DEFAULT_SETTLE, Finding, Transition, decide, end_of_removed};
pub use burning::{Burning, decide_burning};
pub use record::{Automation, Beginning, ComponentStatus, Impact, Incident, IncidentStatus, IncidentUpdate};
pub use template::{IncidentTemplate, IncidentTemplates, MAX_TEMPLATES};
