//! HTTP/1.1 as a strict server reads it: what two readers could understand in two ways is a fault.
//!
//! A ready-made server was rejected: it forgives what a tunnel must not send, such as a length beside chunks.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request may have a head of so many bytes, and a body of so many.
const HEAD_LIMIT: usize = 64 * 1024;
const BODY_LIMIT: usize = 256 * 1024 * 1024;
const END: &[u8] = b"\r\n\r\n";

/// A request as it came.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    /// In the order they came, as they were written.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// What came of reading one.
#[derive(Debug)]
pub(super) enum Read {
    Whole(Request),
    /// The peer hung up between two requests.
    Ended,
    /// The peer hung up in the middle of one.
    Cut,
    Fault(String),
}

/// A connection.
pub(super) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

enum Failed {
    Cut,
    Fault(String),
}

impl From<io::Error> for Failed {
    fn from(_: io::Error) -> Self {
        Self::Cut
    }
}

fn fault<T>(words: &str) -> Result<T, Failed> {
    Err(Failed::Fault(words.to_owned()))
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Reads the next request.
    pub(super) async fn read(&mut self) -> Read {
        match self.request().await {
            Ok(Some(request)) => Read::Whole(request),
            Ok(None) => Read::Ended,
            Err(Failed::Cut) => Read::Cut,
            Err(Failed::Fault(words)) => Read::Fault(words),
        }
    }

    /// Writes bytes; whether the peer is still there.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    async fn request(&mut self) -> Result<Option<Request>, Failed> {
        let head = loop {
            if let Some(at) = find(&self.buffer, END) {
                break self.take(at + END.len());
            }
            if self.buffer.len() > HEAD_LIMIT {
                return fault("the head does not end");
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(Failed::Cut) };
            }
        };
        let (method, target, headers) = parse_head(&head)?;
        let values = |name: &str| -> Vec<&str> {
            let named = headers.iter().filter(|(one, _)| one.eq_ignore_ascii_case(name));
            named.map(|(_, value)| value.as_str()).collect()
        };
        let body = match (values("content-length").as_slice(), values("transfer-encoding").as_slice()) {
            ([length], []) => match length.parse::<usize>() {
                Ok(many) if many <= BODY_LIMIT && many.to_string() == **length => self.exactly(many).await?,
                _ => return fault(&format!("content-length: {length:?}")),
            },
            ([], ["chunked"]) => self.chunks().await?,
            (lengths, encodings) => {
                return fault(&format!("content-length {lengths:?} with transfer-encoding {encodings:?}"));
            }
        };
        Ok(Some(Request { method, target, headers, body }))
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, Failed> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let is_size = (1..=8).contains(&line.len()) && line.iter().all(u8::is_ascii_hexdigit);
            let size = std::str::from_utf8(&line).ok().filter(|_| is_size);
            let Some(size) = size.and_then(|text| usize::from_str_radix(text, 16).ok()) else {
                return fault(&format!("a chunk of {:?}", String::from_utf8_lossy(&line)));
            };
            if body.len() + size > BODY_LIMIT {
                return fault("the body does not end");
            }
            body.extend(self.exactly(size).await?);
            // After the last one come trailers, of which there are none.
            if !self.line().await?.is_empty() {
                return fault("something stands behind a chunk");
            }
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn line(&mut self) -> Result<Vec<u8>, Failed> {
        loop {
            if let Some(at) = find(&self.buffer, b"\n") {
                let mut line = self.take(at + 1);
                line.pop();
                return if line.pop() == Some(b'\r') { Ok(line) } else { fault("a line ends without CR") };
            }
            if self.buffer.len() > HEAD_LIMIT {
                return fault("a line does not end");
            }
            self.more().await?;
        }
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Failed> {
        while self.buffer.len() < length {
            self.more().await?;
        }
        Ok(self.take(length))
    }

    async fn more(&mut self) -> Result<(), Failed> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 { Err(Failed::Cut) } else { Ok(()) }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(length);
        std::mem::replace(&mut self.buffer, rest)
    }
}

type Head = (String, String, Vec<(String, String)>);

fn parse_head(head: &[u8]) -> Result<Head, Failed> {
    let Ok(text) = std::str::from_utf8(head) else { return fault("the head is no text") };
    let mut lines = text.trim_end_matches("\r\n").split("\r\n");
    let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, "HTTP/1.1"] = first[..] else { return fault(&format!("the first line: {first:?}")) };
    let mut headers = Vec::new();
    for line in lines {
        let is_plain = line.bytes().all(|byte| byte == b'\t' || (b' '..0x7f).contains(&byte));
        let is_token = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte))
        };
        match line.split_once(':') {
            Some((name, value)) if is_plain && is_token(name) => {
                headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
            }
            _ => return fault(&format!("a header's line: {line:?}")),
        }
    }
    Ok((method.to_owned(), target.to_owned(), headers))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
