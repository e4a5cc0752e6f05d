//! OpenSLO from outside: there and back, against a schema, from elsewhere, and wrong in every way we could think of.

mod faults;
mod foreign;
mod hostile;
mod round_trip;
mod schema;
mod strategies;
