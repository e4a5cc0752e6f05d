//! As little of an HTTP client as there can be: one connection that is kept, requests that are made before the clock
//! runs, answers read by their length. On two cores a full client would take the processor from what is measured.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

const PATIENCE: Duration = Duration::from_mins(1);

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// Connects to `host:port`.
    pub(crate) fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|part| part == b"\r\n\r\n") {
                break at;
            }
            self.read_more()?;
        };
        let head = String::from_utf8(self.buffer[..end].to_vec())?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).context("no status line")?;
        let header =
            |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        let headers: Vec<(String, String)> = lines.filter_map(header).collect();
        let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse::<usize>());
        let length = length.context("an answer without a length")??;
        while self.buffer.len() < end + 4 + length {
            self.read_more()?;
        }
        Ok(Answer { status, headers, body: self.buffer[end + 4..].to_vec() })
    }

    fn read_more(&mut self) -> anyhow::Result<()> {
        let mut part = [0; 16_384];
        let read = self.stream.read(&mut part)?;
        ensure!(read > 0, "the connection was closed");
        self.buffer.extend_from_slice(&part[..read]);
        Ok(())
    }
}

/// A request to read `path` with these further header lines, each ending in CRLF.
pub(crate) fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").into_bytes()
}

/// A request to send `body` with `key`.
pub(crate) fn post(path: &str, key: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n");
    format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// The body of what `path` answers; an error unless it is a 200.
pub(crate) fn read(address: &str, path: &str, headers: &str) -> anyhow::Result<Answer> {
    let answer = Connection::open(address)?.ask(&get(path, headers))?;
    if answer.status != 200 {
        bail!("{path} answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    Ok(answer)
}
