//! Alerts against plain models: where they are routed, when they are sent, and what a receiver has heard in the end,
//! under histories that nobody would write by hand.

mod bounded;
mod config;
mod cooldown;
mod drained;
mod examples;
mod histories;
mod laws;
mod pantry;
mod routing;
mod routing_examples;
mod sending;
mod silence;
mod steps;
mod world;
