//! Snapshot → what a page says: pure values, so that every sentence and figure is tested without any HTML.
//!
//! Everything is told as of the snapshot; the only thing that depends on the present is [`freshness::Freshness`]. Two
//! clocks on one page (bars from then, words from now) were rejected: they contradict each other when the store is away.
//! The wording is that of plimsoll-words; what stands here is what a page says with it, and in which tone.

pub(crate) mod banner;
pub(crate) mod component;
pub(crate) mod days;
pub(crate) mod freshness;
pub(crate) mod history;
pub(crate) mod incident;
pub(crate) mod latency;
pub(crate) mod local;
pub(crate) mod maintenance;
pub(crate) mod past;
pub(crate) mod report;
pub(crate) mod slo;
#[cfg(test)]
pub(crate) mod stage;
pub(crate) mod text;
pub(crate) mod tone;
