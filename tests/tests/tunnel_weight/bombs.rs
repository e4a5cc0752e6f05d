//! Envelopes that are small as they come and large once they are decompressed, in every encoding.

use std::iter::repeat_n;

use futures_util::future::join_all;
use plimsoll_tests::frontend::{Frontend, encode, encode_all};
use plimsoll_tests::receivers::Sentry;
use plimsoll_tests::{Raw, Server, Setup};
use serde_json::json;

use super::MIB;

const ENCODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];
/// More than the server holds at rest.
const MOST: u64 = 100 * MIB;

async fn given(setup: Setup) -> (Server, Sentry, Frontend) {
    let server = setup.start().await;
    let sentry = Sentry::start().await;
    let limits = json!({"rate_limits": {"app_per_minute": 1_000_000, "client_per_minute": 1_000_000}});
    let app = Frontend::new((&server.tenant("acme").await, "acme", "web"), &sentry, 1, &limits).await;
    (server, sentry, app)
}

/// An envelope whose attachment, decompressed, has so many MiB of nothing; `begins` comes first.
fn bomb(encoding: &str, begins: &str, mebibytes: usize) -> Vec<u8> {
    let zeros = repeat_n(vec![0; 1 << 20], mebibytes);
    encode_all(encoding, &mut std::iter::once(begins.as_bytes().to_vec()).chain(zeros))
}

fn begin(app: &Frontend) -> String {
    let text = String::from_utf8(app.numbered(1)).expect("text");
    format!("{}\n{{\"type\":\"attachment\",\"length\":1000000000}}\n", text.lines().next().expect("a line"))
}

/// Sends `many` of each body at once, and forty envelopes that are nobody's trouble meanwhile.
async fn thrown(
    (server, sentry, app): (&Server, &Sentry, &Frontend),
    bodies: &[(&str, Vec<u8>)],
    many: usize,
    expected: &[u16],
) -> u64 {
    let before = sentry.accepted().len();
    server.forget_peak();
    let (at_rest, _) = server.memory();
    let throw = async |(encoding, body): &(&str, Vec<u8>)| {
        // What is too much is read all the same, as far as that goes, so that the client hears why it is refused.
        let answer = app.send(body.clone(), &[("content-encoding", encoding)]).await;
        assert!(expected.contains(&answer.status), "{encoding}: {} {}", answer.status, answer.text);
    };
    let good = async |number: u64| drop(app.send(app.numbered(number), &[]).await.ok(200));
    let throwing = join_all(bodies.iter().flat_map(|body| repeat_n(body, many)).map(throw));
    tokio::join!(throwing, join_all((100..140).map(good)));
    let (_, peak) = server.memory();
    assert_eq!(sentry.accepted().len() - before, 40, "of the bombs none arrives");
    let grown = peak.saturating_sub(at_rest);
    assert!(grown < MOST, "it grew by {} MiB", grown / MIB);
    grown
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "whoever runs this wants to know what it takes")]
async fn bombs_in_every_encoding_are_refused_and_the_server_stays_small() {
    let (server, sentry, app) = given(Setup::embedded()).await;
    let begins = begin(&app);
    for encoding in ENCODINGS {
        let body = bomb(encoding, &begins, 260);
        assert!((body.len() as u64) < 2 * MIB, "{encoding}: {} bytes", body.len());
        let shown = body.len() / 1024;
        let grown = thrown((&server, &sentry, &app), &[(encoding, body)], 8, &[413]).await;
        println!("{encoding}: 8 bombs of {shown} KiB for 260 MiB: it grew by {} MiB", grown / MIB);
    }
    // The same without an end of the first line, and with streams one behind the other.
    let endless: Vec<_> = ENCODINGS.iter().map(|encoding| (*encoding, bomb(encoding, "{", 260))).collect();
    let grown = thrown((&server, &sentry, &app), &endless, 4, &[413]).await;
    println!("first lines without an end: it grew by {} MiB", grown / MIB);
    let behind = |encoding: &'static str| {
        let one = bomb(encoding, "", 1);
        (encoding, [encode(encoding, begins.as_bytes()), one.repeat(260)].concat())
    };
    let grown = thrown((&server, &sentry, &app), &["gzip", "zstd"].map(behind), 4, &[400, 413]).await;
    println!("streams one behind the other: it grew by {} MiB", grown / MIB);
    assert_eq!(sentry.faults(), Vec::<String>::new());
    assert_eq!(app.stats().await["spool"]["envelopes"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_just_the_size_that_is_allowed_passes_and_a_byte_more_does_not() {
    let limit = MIB.to_string();
    let (_server, sentry, app) =
        given(Setup::embedded().with("PLIMSOLL_ENVELOPE_MAX_DECOMPRESSED_BYTES", &limit)).await;
    let of_size = |size: usize| {
        let mut envelope = app.envelope(1, &[("attachment", json!("x".repeat(900_000)))]);
        envelope.extend(b"{\"type\":\"attachment\"}\n");
        envelope.resize(size, b'x');
        envelope
    };
    let most = usize::try_from(MIB).expect("it fits");
    for encoding in ENCODINGS {
        for (size, status) in [(most, 200), (most + 1, 413)] {
            let answer = app.send(encode(encoding, &of_size(size)), &[("content-encoding", encoding)]).await;
            assert_eq!(answer.status, status, "{encoding} {size}: {}", answer.text);
        }
    }
    app.send(of_size(most), &[]).await.ok(200);
    app.send(of_size(most + 1), &[]).await.ok(413);
    assert_eq!((sentry.accepted().len(), sentry.faults()), (5, Vec::new()));
}

/// A frame that says that its window has two tebibytes, with one block of `a`.
const ZSTD_HUGE: [u8; 10] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x0b, 0x00, 0x00, b'a'];

fn zstd(window_log: u32, bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    encoder.window_log(window_log).expect("a window");
    std::io::Write::write_all(&mut encoder, bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn large_br(bytes: &[u8]) -> Vec<u8> {
    let params = brotli::enc::BrotliEncoderParams { large_window: true, lgwin: 30, quality: 5, ..Default::default() };
    let mut encoded = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut encoded, &params).expect("memory takes it");
    encoded
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_larger_than_the_standards_allow_and_what_is_no_encoding_are_refused() {
    let (server, sentry, app) = given(Setup::embedded()).await;
    let good = app.numbered(1);
    let padded = [good.as_slice(), &[b'\n'; 1]].concat();
    let bodies = [
        ("zstd", zstd(27, &padded)),
        ("zstd", zstd(24, &padded)),
        ("zstd", ZSTD_HUGE.to_vec()),
        ("br", large_br(&padded)),
        ("br", [&[0x11, 0x1e][..], &padded].concat()),
        ("gzip", good.clone()),
        ("deflate", good.clone()),
        ("br", vec![0xff; 4_096]),
        ("zstd", good.clone()),
        ("gzip", encode("zstd", &good)),
        ("deflate", encode("gzip", &good)),
    ];
    thrown((&server, &sentry, &app), &bodies, 20, &[400]).await;
    app.send(zstd(23, &good), &[("content-encoding", "zstd")]).await.ok(200);
    assert_eq!(sentry.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "whoever runs this wants to know what it takes")]
async fn envelopes_that_come_byte_by_byte_cost_what_they_hold_and_not_what_their_pieces_do() {
    let (server, sentry, app) = given(Setup::embedded()).await;
    let (at_rest, _) = server.memory();
    server.forget_peak();
    let envelope = app.envelope(1, &[("attachment", json!("x".repeat(100_000)))]);
    let mut chunks: Vec<u8> = envelope.iter().flat_map(|byte| [b'1', b'\r', b'\n', *byte, b'\r', b'\n']).collect();
    chunks.extend(b"0\r\n\r\n");
    let head = "POST /observability/sentry/envelope HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n";
    let send = async |_| {
        let mut raw = Raw::connect(&server.address()).await.expect("it listens");
        assert!(raw.send(head.as_bytes()).await && raw.send(&chunks).await);
        assert_eq!(raw.status().await, Some(200));
    };
    join_all((0..8).map(send)).await;
    let (_, peak) = server.memory();
    let grown = peak.saturating_sub(at_rest);
    println!("8 of {} KiB in pieces of one byte: it grew by {} KiB", envelope.len() / 1024, grown / 1024);
    assert!(grown < 16 * MIB, "it grew by {} MiB", grown / MIB);
    let came = sentry.of_accepted(|came| came.body == envelope);
    assert_eq!((came, sentry.faults()), (vec![true; 8], Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_line_without_an_end_is_refused_long_before_its_end() {
    let (server, sentry, app) = given(Setup::embedded()).await;
    let head = "POST /observability/sentry/envelope HTTP/1.1\r\nhost: here\r\n";
    for (framing, piece) in [
        ("content-length: 100000000\r\n\r\n{", "x".repeat(8_192)),
        ("transfer-encoding: chunked\r\n\r\n", format!("2000\r\n{}\r\n", "x".repeat(0x2000))),
    ] {
        let mut raw = Raw::connect(&server.address()).await.expect("it listens");
        raw.send(format!("{head}{framing}").as_bytes()).await;
        let mut sent = 0;
        // Whoever answers closes the connection as well, since it reads no further.
        while sent < 64 * MIB && raw.send(piece.as_bytes()).await {
            sent += piece.len() as u64;
        }
        assert!(sent < 16 * MIB, "{sent} bytes were taken");
    }
    let mut raw = Raw::connect(&server.address()).await.expect("it listens");
    raw.send(format!("{head}content-length: 16400\r\n\r\n{}", "x".repeat(16_400)).as_bytes()).await;
    assert_eq!(raw.status().await, Some(413));
    // So is a head without an end.
    let mut raw = Raw::connect(&server.address()).await.expect("it listens");
    raw.send(b"POST /").await;
    let mut sent = 0;
    while sent < 64 * MIB && raw.send(&[b'x'; 8_192]).await {
        sent += 8_192;
    }
    assert!(sent < 16 * MIB, "{sent} bytes were taken");
    app.send(app.numbered(1), &[]).await.ok(200);
    assert_eq!((sentry.accepted().len(), sentry.faults()), (1, Vec::new()));
}
