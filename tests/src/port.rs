//! Ports for servers that are stopped and started again. They lie below those that the system hands out for outgoing
//! connections: otherwise another test's connection could sit on the port while its server is away.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

const FIRST: u64 = 20_000;
const COUNT: u64 = 12_000;

/// A port of loopback on which nobody listens.
pub fn free() -> u16 {
    let candidate = || u16::try_from(FIRST + RandomState::new().hash_one(0) % COUNT).expect("below 65536");
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(candidate).take(100).find(is_free).expect("one of a hundred ports is free")
}
