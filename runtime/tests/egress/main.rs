//! What a tenant may not reach through us, tried with real sockets: whatever is refused must be refused before anybody
//! is connected to.

mod addresses;
mod connections;
mod names;
mod trap;
