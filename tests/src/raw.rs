//! A connection on which a test says what it likes, for what no well-behaved client sends.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(45);

/// A connection.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    /// To `address`, a `host:port`.
    pub async fn connect(address: &str) -> std::io::Result<Self> {
        Ok(Self { stream: TcpStream::connect(address).await?, read: Vec::new() })
    }

    /// Sends bytes; whether somebody was still there to take them.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        tokio::time::timeout(PATIENCE, self.stream.write_all(bytes)).await.is_ok_and(|sent| sent.is_ok())
    }

    /// Says that nothing more comes.
    pub async fn finish(&mut self) {
        // Whoever has hung up needs not be told.
        let _told = self.stream.shutdown().await;
    }

    /// The status of the next answer, whose body is read as far as its length says; `None`: the connection was closed.
    pub async fn status(&mut self) -> Option<u16> {
        let head = self.until(b"\r\n\r\n").await?;
        let text = String::from_utf8_lossy(&head).to_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        let status = text.split(' ').nth(1)?.parse().ok()?;
        let body = if status < 200 { 0 } else { length.unwrap_or(0) };
        while self.read.len() < body {
            self.more().await?;
        }
        self.read.drain(..body);
        Some(status)
    }

    /// Everything until the connection is closed.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.more().await.is_some() {}
        std::mem::take(&mut self.read)
    }

    async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let found = self.read.windows(end.len()).position(|window| window == end);
            if let Some(at) = found {
                return Some(self.read.drain(..at + end.len()).collect());
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Option<()> {
        let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await;
        let read = read.expect("neither an answer nor the end of the connection");
        read.ok().filter(|many| *many > 0).map(drop)
    }
}
