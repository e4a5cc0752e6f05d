//! The public face: what a [`StatusSnapshot`](plimsoll_domain::page::StatusSnapshot) says, as pages and as JSON.
//!
//! The site reads, and never writes, the store; it holds what it read last, rendered and compressed, and answers from
//! memory. So a reader never waits for the store, and the page stays up, with its age, when the store is away. A page
//! that asks the store on each request was rejected: it goes down with what it should report on.

mod assets;
mod disk;
mod held;
mod json;
mod pages;
mod rendered_view;
mod respond;
mod routes;
#[cfg(test)]
mod samples;
mod site;
mod tenants;
#[cfg(test)]
mod tests;
mod view;

pub use json::openapi;
pub use routes::{not_found, router};
pub use site::{Site, SiteSettings};
