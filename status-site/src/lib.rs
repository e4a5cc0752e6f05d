//! The public face: what a [`StatusSnapshot`](plimsoll_domain::page::StatusSnapshot) says, as pages and as JSON.
//!
//! The site reads, and never writes, the store; it holds what it read last, rendered and compressed, and answers from
//! memory. So a reader never waits for the store, and the page stays up, with its age, when the store is away. A page
//! that asks the store on each request was rejected: it goes down with what it should report on.

mod access;
mod assets;
mod disk;
mod entering;
mod export;
mod feeds;
mod held;
mod history;
mod hosts;
mod json;
mod keeping;
mod language;
mod limits;
mod openapi;
mod pages;
mod past;
mod rendered_view;
mod renewal;
mod report;
mod respond;
mod routes;
#[cfg(test)]
mod samples;
mod scene;
mod shelf;
mod site;
mod statuspage;
mod tenants;
#[cfg(test)]
mod tests;
mod view;

pub use export::{ExportPlace, ExportedFile, export};
pub use hosts::{ByHost, by_host};
pub use openapi::openapi;
pub use report::report_page;
pub use routes::{not_found, router};
pub use site::{Site, SiteParts, SiteSettings};
