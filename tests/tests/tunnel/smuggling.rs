//! Requests that two servers in a row could take for different ones: Sentry sees one that is right, or none.

use std::time::Duration;

use plimsoll_tests::{Raw, Setup};
use serde_json::json;

use super::given::{Given, given, given_by};

const PATH: &str = "/observability/sentry/envelope";
const PATIENCE: Duration = Duration::from_secs(3);

/// A request whose head says what `headers` say, and whose body is `body`.
fn request(headers: &str, body: &str) -> String {
    format!("POST {PATH} HTTP/1.1\r\nhost: here\r\n{headers}\r\n{body}")
}

/// Sends it on a connection of its own: the status of the first answer, and whether there is a second one.
async fn tried(given: &Given, request: &str) -> (Option<u16>, bool) {
    let mut raw = Raw::connect(&given.server.address()).await.expect("it listens");
    raw.send(request.as_bytes()).await;
    // A server that waits for more is told that nothing comes; one that answers must not be told too early.
    let mut first = tokio::time::timeout(PATIENCE, raw.status()).await;
    raw.finish().await;
    if first.is_err() {
        first = Ok(raw.status().await);
    }
    let first = first.ok().flatten();
    (first, raw.status().await.is_some())
}

/// Requests with the envelope `good`, some with the request `inner` behind them; and whether one may pass all the same.
fn uncertain(good: &str, inner: &str) -> Vec<(String, bool)> {
    let (length, size) = (good.len(), format!("{:x}", good.len()));
    let whole = format!("{size}\r\n{good}\r\n0\r\n\r\n");
    let chunked = "transfer-encoding: chunked\r\n";
    vec![
        // Lengths that do not agree.
        (request(&format!("content-length: {length}\r\n{chunked}"), &format!("{whole}{inner}")), true),
        (request(&format!("{chunked}content-length: {length}\r\n"), &format!("{whole}{inner}")), true),
        (request(&format!("content-length: {length}\r\ncontent-length: 5\r\n"), good), false),
        (request(&format!("content-length: {length}, 5\r\n"), good), false),
        (request(&format!("content-length: +{length}\r\n"), good), false),
        (request("content-length: -1\r\n", good), false),
        (request("content-length: 0x10\r\n", good), false),
        (request("content-length: 99999999999999999999\r\n", good), false),
        // Chunks that are none.
        (request(chunked, &format!("0x{whole}")), false),
        (request(chunked, &format!("-{whole}")), false),
        (request(chunked, &format!("fffffffffffffffff\r\n{good}\r\n0\r\n\r\n")), false),
        (request(chunked, &format!("{size}\n{good}\n0\n\n")), false),
        (request(chunked, &format!("{size}\r\n{good}0\r\n\r\n")), false),
        (request(chunked, &format!("{size}\r\n{good}\r\nzz\r\n\r\n")), false),
        (request(chunked, &format!("\r\n{whole}")), false),
        (request("transfer-encoding: chunked, identity\r\n", &whole), false),
        (request("transfer-encoding: xchunked\r\n", &whole), false),
        (request("transfer-encoding: gzip, chunked\r\n", &whole), true),
        (request("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n", &whole), false),
        (request("transfer-encoding : chunked\r\n", &whole), false),
        (request("transfer-encoding:\x0bchunked\r\n", &whole), false),
        // No length at all: what follows is the next request.
        (request("", good), false),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_whose_end_is_not_certain_is_refused_or_read_in_one_way() {
    let given = given().await;
    let good = String::from_utf8(given.web.numbered(1)).expect("text");
    let inner = request(&format!("content-length: {}\r\n", good.len()), &good);
    for (request, may_pass) in uncertain(&good, &inner) {
        let before = given.sentry.came().len();
        let (status, again) = tried(&given, &request).await;
        let passed = given.sentry.came().len() - before;
        let shown = request.replace(&good, "<envelope>");
        assert!(passed <= usize::from(may_pass), "{passed} passed: {shown}");
        assert!(passed == 1 || status.is_none_or(|status| status >= 400), "{status:?}: {shown}");
        assert!(!again || !may_pass, "what stands behind it was answered as well: {shown}");
        given.still_works().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_break_a_line_or_name_others_change_nothing_of_what_sentry_hears() {
    let given = given().await;
    let good = String::from_utf8(given.web.numbered(1)).expect("text");
    let length = format!("content-length: {}\r\n", good.len());
    for (headers, passes) in [
        ("x-a: b\r\n folded\r\n", false),
        ("x-a: b\rx-b: c\r\n", false),
        ("x-a: b\0c\r\n", false),
        ("x a: b\r\n", false),
        (": b\r\n", false),
        ("x-a\r\n", false),
        ("x-a: b\nx-sentry-forwarded-for: 192.0.2.1\r\n", true),
        ("connection: x-sentry-auth, content-type, host, x-forwarded-for\r\n", true),
        ("connection: close, transfer-encoding, content-length\r\n", true),
        ("connection: x-secret\r\nx-secret: told\r\nte: trailers\r\ntrailer: x-sentry-auth\r\n", true),
        ("x-sentry-auth: Sentry sentry_version=7, sentry_key=other, sentry_client=x\r\n", true),
        ("x-sentry-auth: a\r\nx-sentry-auth: b\r\n", true),
        ("cookie: session=1\r\nauthorization: Bearer mine\r\nproxy-authorization: Basic eA==\r\n", true),
        ("forwarded: for=192.0.2.7\r\nx-real-ip: 192.0.2.7\r\nx-sentry-forwarded-for: 192.0.2.7\r\n", true),
        ("upgrade: websocket\r\nconnection: upgrade\r\nhttp2-settings: AAMAAABkAAQ\r\n", true),
        ("keep-alive: timeout=5\r\nproxy-connection: keep-alive\r\n", true),
        ("x-forwarded-for: 192.0.2.9\r\nx-forwarded-for: evil\r\n", true),
        ("host: evil.example\r\n", true),
    ] {
        let before = given.sentry.came().len();
        let (status, again) = tried(&given, &request(&format!("{headers}{length}"), &good)).await;
        let came = given.sentry.came();
        assert_eq!((came.len() - before, again), (usize::from(passes), false), "{status:?}: {headers}");
        if passes {
            let last = came.last().expect("it came");
            assert_eq!(String::from_utf8_lossy(&last.body), good, "{headers}");
            assert!(last.header("x-forwarded-for").ends_with("127.0.0.1"), "{last:?}");
            assert_eq!(last.header("x-secret"), "", "{headers}");
        } else {
            assert!(status.is_none_or(|status| status == 400), "{status:?}: {headers}");
        }
        given.still_works().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unusual_forms_of_a_request_are_taken_once_or_refused() {
    let given = given().await;
    let good = String::from_utf8(given.web.numbered(1)).expect("text");
    let end = format!("content-length: {}\r\n\r\n{good}", good.len());
    let own = given.server.address();
    for (head, passes) in [
        (format!("POST http://{own}{PATH} HTTP/1.1\r\nhost: here\r\n"), true),
        (format!("POST http://evil.example{PATH} HTTP/1.1\r\nhost: here\r\n"), true),
        (format!("POST http://evil.example/ HTTP/1.1\r\nhost: {own}\r\n"), false),
        (format!("POST {PATH} HTTP/1.0\r\n"), true),
        (format!("POST {PATH}?sentry_key=other&sentry_version=7 HTTP/1.1\r\nhost: here\r\n"), true),
        (format!("POST {PATH}/ HTTP/1.1\r\nhost: here\r\n"), false),
        (format!("POST /{PATH} HTTP/1.1\r\nhost: here\r\n"), false),
        (format!("POST {PATH}/../envelope HTTP/1.1\r\nhost: here\r\n"), false),
        (format!("POST {PATH}%0d%0aHost:%20evil HTTP/1.1\r\nhost: here\r\n"), false),
        (format!("POST {PATH}\tHTTP/1.1\r\nhost: here\r\n"), false),
        (format!("POST  {PATH} HTTP/1.1\r\nhost: here\r\n"), false),
        (format!("post {PATH} HTTP/1.1\r\nhost: here\r\n"), false),
        (format!("PUT {PATH} HTTP/1.1\r\nhost: here\r\n"), false),
        (format!("GET {PATH} HTTP/1.1\r\nhost: here\r\n"), false),
        (format!("CONNECT {own} HTTP/1.1\r\nhost: here\r\n"), false),
        (format!("POST {PATH} HTTP/1.2\r\nhost: here\r\n"), false),
        (format!("POST {PATH} HTTP/3.0\r\nhost: here\r\n"), false),
    ] {
        let before = given.sentry.came().len();
        let (status, _) = tried(&given, &format!("{head}{end}")).await;
        assert_eq!(given.sentry.came().len() - before, usize::from(passes), "{status:?}: {head}");
        assert!(passes == (status == Some(200)), "{status:?}: {head}");
        given.still_works().await;
    }
    // The end of an HTTP/1.0 request without a length is the end of its head.
    let (status, again) = tried(&given, &format!("POST {PATH} HTTP/1.0\r\n\r\n{good}")).await;
    assert_eq!((status, again), (Some(400), false));
    given.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_to_be_told_to_go_on_is_told_so_and_sentry_is_not_asked() {
    let given = given_by(Setup::embedded().with("PLIMSOLL_ENVELOPE_MAX_BYTES", "65536"), &json!({})).await;
    let good = given.web.numbered(1);
    let mut raw = Raw::connect(&given.server.address()).await.expect("it listens");
    raw.send(request(&format!("expect: 100-continue\r\ncontent-length: {}\r\n", good.len()), "").as_bytes()).await;
    assert_eq!(raw.status().await, Some(100));
    raw.send(&good).await;
    assert_eq!(raw.status().await, Some(200));
    // Whoever says at once that it is too much is told so before any of it is sent.
    let mut raw = Raw::connect(&given.server.address()).await.expect("it listens");
    raw.send(request("expect: 100-continue\r\ncontent-length: 65537\r\n", "").as_bytes()).await;
    assert_eq!(raw.status().await, Some(413));
    given.still_works().await;
}
