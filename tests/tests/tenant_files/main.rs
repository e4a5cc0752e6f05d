//! Tenants as files, from outside: the commands, and the four examples with their traffic.

mod command;
mod examples;
mod files;
