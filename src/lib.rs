//! Plimsoll, composed: the command line and the one function that turns a configuration into a running process. The
//! tests compose with the same function.

pub mod cli;
pub mod compose;
mod frontends;
mod keys;
mod own_tenant;
mod secrets;
mod serve;
