//! Envelopes, DSNs and origins against plain models, against another parser, and against any bytes at all: what comes
//! through a tunnel was written by anybody.

mod alias;
mod any_bytes;
mod corpus;
mod dsn;
mod dsn_laws;
mod envelope_laws;
mod header;
mod large;
mod origin;
mod payloads;
mod reader;
mod report;
mod theirs;
mod written;
