//! Plimsoll, composed: the command line and the one function that turns a configuration into a running process. The
//! tests compose with the same function.

pub mod cli;
mod client;
pub mod compose;
mod configuration;
mod counting;
mod dependencies;
mod doctor;
mod export;
mod frontends;
mod health;
mod keys;
mod manual;
mod meanwhile;
mod own_tenant;
mod profiles;
mod secrets;
mod serve;
mod site;
mod telling;
mod tenant_file;
