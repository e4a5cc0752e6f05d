//! Secrets are sent through every input, well and badly, and then looked for in everything that the program says: log lines at
//! the level `trace`, spans, figures, the history of alerts, the audit log, its errors, and what its commands print.

mod callers;
mod echo;
mod pages;
mod process;
mod receivers;
mod secrets;
mod sources;
mod world;
