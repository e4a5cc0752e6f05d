//! Snapshot → what a page says: pure values, so that every sentence and figure is tested without any HTML.
//!
//! Everything is told as of the snapshot; the only thing that depends on the present is [`freshness::Freshness`]. Two
//! clocks on one page (bars from then, words from now) were rejected: they contradict each other when the store is away.

pub(crate) mod banner;
pub(crate) mod component;
pub(crate) mod freshness;
pub(crate) mod incident;
pub(crate) mod maintenance;
pub(crate) mod slo;
pub(crate) mod words;
