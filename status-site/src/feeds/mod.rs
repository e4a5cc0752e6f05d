//! The page for machines that read along: Atom, RSS and JSON Feed, a calendar of announced maintenance, and a badge.
//!
//! All of them are pure views of one [`Scene`](crate::scene::Scene). The three feeds are three ways to write the same
//! [`entries`]; what says the same thing has the same id in each of them, at every address and in every language, so that
//! nobody reads it twice. Nothing depends on the second at which it was asked for: a feed that moves each time could not
//! be compared by its tag.

pub(crate) mod announced;
mod atom;
mod badge;
mod calendar;
mod entries;
mod json_feed;
mod named;
mod rss;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use atom::atom;
pub(crate) use badge::badge;
pub(crate) use calendar::calendar;
pub(crate) use json_feed::json;
pub(crate) use named::{names, one_line};
pub(crate) use rss::rss;

/// What each of them is called below the page's address.
pub(crate) const ATOM: &str = "/feed.atom";
/// As above.
pub(crate) const RSS: &str = "/feed.rss";
/// As above.
pub(crate) const JSON: &str = "/feed.json";
/// As above.
pub(crate) const CALENDAR: &str = "/calendar.ics";
