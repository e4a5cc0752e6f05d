//! A service on loopback that answers each request with the next status of its script, and its last one for ever after.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub(crate) struct Target {
    pub(crate) url: String,
    asked: Arc<AtomicUsize>,
}

impl Target {
    pub(crate) async fn answering(script: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        #[expect(clippy::disallowed_methods, reason = "it lives as long as the test's runtime")]
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let turn = counter.fetch_add(1, Ordering::AcqRel);
                let status = script[turn.min(script.len() - 1)];
                let mut request = [0; 1_024];
                let answer = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                    stream.write_all(answer.as_bytes()).await.expect("the prober listens");
                }
            }
        });
        Self { url, asked }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Acquire)
    }
}

/// An address on loopback where nothing listens.
pub(crate) async fn closed_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    listener.local_addr().expect("bound").to_string()
}
