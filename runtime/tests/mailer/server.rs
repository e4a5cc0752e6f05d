//! A mail server on loopback that takes everything, but for the steps at which it was told to do otherwise.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a server does at a step.
#[derive(Clone, Copy)]
pub(crate) enum After {
    Say(&'static str),
    HangUp,
    /// From then on the clock runs as fast as it can, so that nobody waits for the end of a patience.
    StaySilent,
}

pub(crate) struct SmtpServer {
    port: u16,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    steps: HashMap<&'static str, After>,
    said: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

impl SmtpServer {
    /// `steps` are `CONNECT`, the first word of a command, or `.` for the end of a mail.
    pub(crate) async fn start(steps: &[(&'static str, After)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let steps = steps.iter().copied().collect();
        let shared = Arc::new(Shared { steps, said: Mutex::default(), connections: AtomicUsize::new(0) });
        let serving = {
            let shared = Arc::clone(&shared);
            #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
            tokio::spawn(async move {
                loop {
                    let (stream, _) = listener.accept().await.expect("a caller");
                    shared.connections.fetch_add(1, Ordering::SeqCst);
                    let _until_somebody_hangs_up = shared.serve(stream).await;
                }
            })
        };
        Self { port, shared, serving }
    }

    /// Its URL, with `user:password@` or nothing.
    pub(crate) fn url(&self, login: &str) -> String {
        format!("smtp://{login}127.0.0.1:{}", self.port)
    }

    /// All lines it was told.
    pub(crate) fn said(&self) -> Vec<String> {
        self.shared.said.lock().expect("not poisoned").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        self.answer(&mut stream, "CONNECT", "220 mail.example.com").await?;
        loop {
            let line = self.hear(&mut stream).await?;
            let command = line.split(' ').next().unwrap_or_default();
            let usual = match command {
                "EHLO" => "250-mail.example.com\r\n250 AUTH PLAIN",
                "AUTH" => "235 2.7.0 welcome",
                "DATA" => "354 go ahead",
                _ => "250 2.0.0 fine",
            };
            self.answer(&mut stream, command, usual).await?;
            if command == "DATA" {
                while self.hear(&mut stream).await? != "." {}
                self.answer(&mut stream, ".", "250 2.0.0 queued as 17").await?;
            }
        }
    }

    async fn hear(&self, stream: &mut BufReader<TcpStream>) -> Option<String> {
        let mut line = Vec::new();
        let read = stream.read_until(b'\n', &mut line).await.ok()?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        self.said.lock().expect("not poisoned").push(line.clone());
        (read > 0).then_some(line)
    }

    async fn answer(&self, stream: &mut BufReader<TcpStream>, step: &str, usual: &str) -> Option<()> {
        let answer = match self.steps.get(step) {
            None => usual,
            Some(After::Say(answer)) => answer,
            Some(After::HangUp) => return None,
            Some(After::StaySilent) => {
                tokio::time::pause();
                return std::future::pending().await;
            }
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()
    }
}
