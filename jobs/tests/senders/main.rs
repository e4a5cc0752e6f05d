//! The senders against receivers that hold to what the providers write down, and hold us to it.

mod failures;
mod limits;
mod mail;
mod opsgenie;
mod secrets;
mod told;
mod webhook;
mod world;
