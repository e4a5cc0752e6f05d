//! `plimsoll health`, as whatever runs a container asks it: one line, and an exit code.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::time::{Duration, Instant};

use plimsoll_tests::{Server, Setup, port};

/// What is said, as one line, and the exit code.
fn said(output: &Output) -> (String, Option<i32>) {
    let words = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let words = String::from_utf8(words).expect("UTF-8");
    assert_eq!(words.lines().count(), 1, "{words}");
    (words, output.status.code())
}

fn asked(server: &Server, more: &[&str]) -> (String, Option<i32>) {
    said(&server.run(&[&["health"], more].concat()))
}

/// The address of what answers `/health`, and whatever else is asked with 503.
fn away_from_its_store() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4_096];
            let read = stream.read(&mut head).unwrap_or_default();
            let status = if head[..read].starts_with(b"GET /health ") { "200 OK" } else { "503 Service Unavailable" };
            // Whoever hung up has their answer.
            let _written = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_runs_is_ready_where_its_configuration_says_that_it_listens() {
    let elsewhere = format!("http://127.0.0.1:{}", port::free());
    let mut server = Setup::embedded().with("PLIMSOLL_URL", &elsewhere).start().await;
    let (words, code) = asked(&server, &[]);
    assert!(code == Some(0) && words == format!("{}/ is ready\n", server.url()), "{words}");
    assert_eq!(asked(&server, &["--ready"]).1, Some(0));
    let (words, code) = asked(&server, &["--live", "--server", &server.url()]);
    assert!(code == Some(0) && words.ends_with(" runs\n"), "{words}");
    server.kill9();
    for option in ["--ready", "--live"] {
        let (words, code) = asked(&server, &[option]);
        assert!(code == Some(1) && words.starts_with("plimsoll: cannot reach"), "{words}");
    }
}

#[test]
fn a_server_without_its_store_runs_and_is_not_ready() {
    let (program, url) = (Setup::embedded().stopped(), away_from_its_store());
    assert_eq!(asked(&program, &["--live", "--server", &url]).1, Some(0));
    let (words, code) = asked(&program, &["--server", &url]);
    assert!(code == Some(1) && words.contains("503"), "{words}");
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let began = Instant::now();
    let (words, code) = asked(&Setup::embedded().stopped(), &["--server", &url]);
    assert!(code == Some(1) && words.contains("no answer within 3000 ms"), "{words}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn without_ca_certificates_http_works_and_https_says_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let nobody = folder.path().display().to_string();
    let program = Setup::embedded().with("SSL_CERT_DIR", &nobody).stopped();
    assert_eq!(asked(&program, &["--live", "--server", &away_from_its_store()]).1, Some(0));
    let (words, code) = asked(&program, &["--server", &format!("https://127.0.0.1:{}", port::free())]);
    assert!(code == Some(1) && words.contains("ca-certificates") && words.contains("SSL_CERT_FILE"), "{words}");
}
