//! Plimsoll, composed: the command line and the one function that turns a configuration into a running process. The
//! tests compose with the same function.

pub mod cli;
pub mod compose;
mod export;
mod frontends;
mod keys;
mod meanwhile;
mod own_tenant;
mod secrets;
mod serve;
mod site;
mod telling;
