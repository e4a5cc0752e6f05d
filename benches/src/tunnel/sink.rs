//! Where envelopes end: an upstream that reads each request as far as it goes, counts it and answers as Sentry does. It
//! runs as a process of its own, a thread for each connection, so that what it takes is nobody else's.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::cores::{self, on_core};
use crate::http;
use crate::process;
use crate::server::Server;

/// The first argument that makes the bench run as this process.
pub(crate) const MODE: &str = "take-envelopes";

const COUNTS: &str = "/counts";
const BUFFER: usize = 128 * 1024;
const STACK: usize = 128 * 1024;
const ID: &str = r#"{"id":"6f1d0a3c9b5e4d7f8a2b1c0d9e8f7a6b"}"#;

static REQUESTS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// What has arrived as a whole.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Counts {
    pub(super) requests: u64,
    /// Of their bodies.
    pub(super) bytes: u64,
}

/// The running upstream. It is killed when this is dropped.
pub(super) struct Sink(Server);

impl Sink {
    pub(super) fn start() -> anyhow::Result<Self> {
        let address = format!("127.0.0.1:{}", plimsoll_tests::port::free());
        let mut command = on_core(Some(cores::LOAD), &std::env::current_exe()?);
        command.args([MODE, &address]);
        Server::wait_for(command, address, COUNTS).map(Self)
    }

    pub(super) fn address(&self) -> &str {
        &self.0.address
    }

    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        process::cpu_seconds(self.0.pid())
    }

    pub(super) fn counts(&self) -> anyhow::Result<Counts> {
        Ok(serde_json::from_slice(&http::read(self.address(), COUNTS, "")?.body)?)
    }
}

/// Arguments: an address. Takes envelopes there until it is killed.
pub(crate) fn serve(arguments: &[String]) -> anyhow::Result<()> {
    let listener = TcpListener::bind(arguments.first().context("expected an address")?)?;
    for stream in listener.incoming() {
        let exchange = Exchange::on(stream?)?;
        std::thread::Builder::new().stack_size(STACK).spawn(move || {
            // It ends when the other side hangs up.
            let _ended = exchange.run();
        })?;
    }
    Ok(())
}

/// One connection, and what was read from it and not used yet.
struct Exchange {
    stream: TcpStream,
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
}

/// How a body is delimited.
#[derive(Clone, Copy)]
enum Framing {
    Length(u64),
    Chunked,
}

impl Exchange {
    fn on(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; BUFFER].into_boxed_slice(), from: 0, to: 0 })
    }

    fn run(mut self) -> io::Result<()> {
        let taken = answer(ID);
        loop {
            let head = self.through(b"\r\n\r\n")?.to_ascii_lowercase();
            if head.starts_with("get ") {
                let (requests, bytes) = (REQUESTS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
                let counts = serde_json::to_string(&Counts { requests, bytes })?;
                self.stream.write_all(&answer(&counts))?;
                continue;
            }
            if head.contains("\r\nexpect:") {
                self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            let bytes = self.body(framing(&head)?)?;
            BYTES.fetch_add(bytes, Ordering::Relaxed);
            REQUESTS.fetch_add(1, Ordering::Relaxed);
            self.stream.write_all(&taken)?;
        }
    }

    /// Reads a body to its end: its length.
    fn body(&mut self, framing: Framing) -> io::Result<u64> {
        let mut total = 0;
        loop {
            let part = match framing {
                Framing::Length(length) => length,
                Framing::Chunked => chunk(&self.through(b"\r\n")?)?,
            };
            self.skip(part)?;
            total += part;
            match framing {
                Framing::Length(_) => return Ok(total),
                Framing::Chunked => self.skip(2)?,
            }
            if part == 0 {
                return Ok(total);
            }
        }
    }

    /// What comes up to `end`, and `end`.
    fn through(&mut self, end: &[u8]) -> io::Result<String> {
        loop {
            let unused = &self.buffer[self.from..self.to];
            if let Some(at) = unused.windows(end.len()).position(|part| part == end) {
                let found = String::from_utf8_lossy(&unused[..at + end.len()]).into_owned();
                self.from += found.len();
                return Ok(found);
            }
            self.buffer.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
            self.to += some(self.stream.read(&mut self.buffer[self.to..])?)?;
        }
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let at_hand = bytes.min((self.to - self.from) as u64);
        self.from += usize::try_from(at_hand).unwrap_or(0);
        let mut left = bytes - at_hand;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
            left -= some(self.stream.read(&mut self.buffer[..most])?)? as u64;
        }
        Ok(())
    }
}

/// An error at the end, also when the buffer is full and nothing could be read for that.
fn some(read: usize) -> io::Result<usize> {
    if read == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(read) }
}

/// Of a head in lower case.
fn framing(head: &str) -> io::Result<Framing> {
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    match (value("transfer-encoding"), value("content-length").map(str::parse)) {
        (Some(_), _) => Ok(Framing::Chunked),
        (None, Some(Ok(length))) => Ok(Framing::Length(length)),
        (None, _) => Err(ErrorKind::InvalidData.into()),
    }
}

fn chunk(line: &str) -> io::Result<u64> {
    let size = line.split(';').next().unwrap_or_default().trim();
    u64::from_str_radix(size, 16).map_err(|_| ErrorKind::InvalidData.into())
}

fn answer(body: &str) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
