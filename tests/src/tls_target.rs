//! A healthy service behind TLS, whose certificate says until when it holds.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_domain::time::Timestamp;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::port;
use crate::receivers::certificate::Authority;

const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A service that answers 200 to everything, one after the other. Dropping it stops it.
pub struct TlsTarget {
    folder: TempDir,
    authority: Authority,
    port: u16,
    shown: Arc<Mutex<Arc<ServerConfig>>>,
    stopping: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

impl TlsTarget {
    /// One whose certificate ends when the day of `end` begins.
    pub fn start(end: Timestamp) -> Self {
        let authority = Authority::make();
        let folder = tempfile::Builder::new().prefix("plimsoll-tls-").tempdir().expect("a folder");
        fs::write(folder.path().join("authority.pem"), &authority.pem).expect("a file in a folder of our own");
        let port = port::free();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
        let (shown, stopping) = (Arc::new(Mutex::new(config(&authority, end))), Arc::new(AtomicBool::new(false)));
        let (now_shown, told) = (Arc::clone(&shown), Arc::clone(&stopping));
        let serving = std::thread::spawn(move || {
            for stream in listener.incoming().take_while(|_| !told.load(Ordering::Acquire)) {
                let config = Arc::clone(&now_shown.lock().expect("not poisoned"));
                // Whoever hangs up, or trusts nobody, comes to nothing.
                let _served = stream.and_then(|stream| serve(stream, config));
            }
        });
        Self { folder, authority, port, shown, stopping, serving: Some(serving) }
    }

    /// Where it is found.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/", self.port)
    }

    /// The certificate of the authority that must be trusted, as a PEM file.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Shows a new certificate from now on, which ends when the day of `end` begins.
    pub fn renew(&self, end: Timestamp) {
        *self.shown.lock().expect("not poisoned") = config(&self.authority, end);
    }
}

impl Drop for TlsTarget {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        // It waits for somebody to come.
        let _woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ended = self.serving.take().map(JoinHandle::join);
    }
}

fn config(authority: &Authority, end: Timestamp) -> Arc<ServerConfig> {
    let (certificate, key) = authority.sign(Some(end));
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("ring has them").with_no_client_auth();
    Arc::new(config.with_single_cert(vec![certificate.der().clone()], key).expect("the key is the certificate's"))
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    let mut chunk = [0; 1_024];
    while !request.ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&chunk[..read]);
    }
    stream.write_all(ANSWER)?;
    stream.conn.send_close_notify();
    stream.flush()
}
