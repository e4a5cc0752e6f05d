//! The HTTP API: who asks, what for, and what is answered.
//!
//! [`router`] holds the routes and [`layers`] what surrounds them. They are apart because one listener serves the API and
//! the status site: the site's pages go through the same layers, and neither crate knows the other.

mod app;
mod audit;
mod dependencies;
mod edge;
mod extract;
mod openapi;
mod problem;
mod routes;
mod secrets;
mod state;
mod tunnel;

pub use app::{openapi_json, probes_router, router};
pub use dependencies::{Dependencies, Dependency};
pub use edge::layers;
pub use extract::RequestId;
pub use problem::{Problem, ProblemBody};
pub use state::{ApiParts, ApiState, Facts, JobRow, JobsReport, Readiness, ReportPage};
pub use tunnel::TunnelSettings;
