//! Names, literals and redirects that lead home, in every way they can be written.

use plimsoll_runtime::egress::EgressError;
use plimsoll_runtime::http_client::HttpError;

use crate::trap::{Server, Trap, assert_refused, clients, open_to, send};

/// Ways to write 127.0.0.1 as the host of a URL.
const LOOPBACK: [&str; 16] = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "%31%32%37.0.0.1",
    "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
    "127\u{3002}0\u{3002}0\u{3002}1",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[::127.0.0.1]",
];

/// Hosts within, which nobody answers for here: they are refused before that is seen.
const ELSEWHERE: [&str; 20] = [
    "0.0.0.0",
    "0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "2852039166",
    "0xa9.0xfe.0xa9.0xfe",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
];

#[tokio::test]
async fn loopback_is_refused_however_it_is_written() {
    let trap = Trap::set().await;
    for client in clients(&open_to(&[])) {
        for host in LOOPBACK.into_iter().chain(["localhost", "LOCALHOST"]) {
            assert_refused(send(&client, &format!("http://{host}:{}/", trap.port())).await, host);
        }
        for scheme in ["https", "http"] {
            assert_refused(
                send(&client, &format!("{scheme}://user:password@127.0.0.1:{}/", trap.port())).await,
                scheme,
            );
        }
    }
    trap.was_not_touched().await;
}

#[tokio::test]
async fn loopback_of_ipv6_is_refused() {
    // Where there is no IPv6, nobody listens, and it is refused all the same.
    let trap = Trap::set_at("[::1]:0").await;
    let port = trap.as_ref().map_or(9, Trap::port);
    for client in clients(&open_to(&[])) {
        for host in ["[::1]", "[0:0:0:0:0:0:0:1]", "localhost"] {
            assert_refused(send(&client, &format!("http://{host}:{port}/")).await, host);
        }
    }
    if let Some(trap) = trap {
        trap.was_not_touched().await;
    }
}

#[tokio::test]
async fn what_lies_within_is_refused_at_once() {
    for client in clients(&open_to(&[])) {
        for host in ELSEWHERE {
            assert_refused(send(&client, &format!("http://{host}/latest/meta-data/")).await, host);
        }
    }
}

#[tokio::test]
async fn a_redirect_leads_to_nothing_that_could_not_be_asked_at_once() {
    let trap = Trap::set().await;
    let egress = open_to(&["127.0.0.2/32"]);
    let hosts = LOOPBACK.into_iter().chain(ELSEWHERE).chain(["localhost"]);
    for host in hosts {
        let location = format!("http://{host}:{}/", trap.port());
        let server = Server::redirecting("127.0.0.2", &location).await;
        for client in clients(&egress) {
            assert_refused(send(&client, &format!("http://127.0.0.2:{}/", server.port)).await, &location);
        }
        assert_eq!(server.connections(), 2, "{location}");
    }
    trap.was_not_touched().await;
}

#[tokio::test]
async fn a_redirect_by_way_of_an_allowed_address_is_judged_again() {
    let trap = Trap::set().await;
    let last = Server::redirecting("127.0.0.3", &format!("//127.0.0.1:{}/", trap.port())).await;
    let first = Server::redirecting("127.0.0.2", &format!("http://127.0.0.3:{}/", last.port)).await;
    for client in clients(&open_to(&["127.0.0.2/31"])) {
        assert_refused(send(&client, &format!("http://127.0.0.2:{}/", first.port)).await, "two redirects");
    }
    assert_eq!((first.connections(), last.connections()), (2, 2));
    trap.was_not_touched().await;
}

#[tokio::test]
async fn a_name_of_an_address_that_is_allowed_is_connected_to() {
    let server = Server::answering("127.0.0.1", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n{body}").await;
    for client in clients(&open_to(&["127.0.0.1/32"])) {
        let answer = send(&client, &format!("http://localhost:{}/", server.port)).await.expect("an answer");
        assert_eq!(answer.body, "ping");
    }
}

#[tokio::test]
async fn no_other_scheme_is_spoken() {
    let trap = Trap::set().await;
    let server = Server::redirecting("127.0.0.2", &format!("gopher://127.0.0.1:{}/", trap.port())).await;
    for client in clients(&open_to(&["127.0.0.0/8"])) {
        for url in [format!("ftp://127.0.0.1:{}/", trap.port()), "file:///etc/passwd".to_owned()] {
            let error = send(&client, &url).await.expect_err("refused");
            assert!(matches!(error, HttpError::Unsendable(_)), "{url}: {error:?}");
        }
        let _redirected = send(&client, &format!("http://127.0.0.2:{}/", server.port)).await;
    }
    trap.was_not_touched().await;
}

#[tokio::test]
async fn the_resolver_of_tcp_probes_judges_what_a_host_stands_for() {
    let egress = open_to(&[]);
    for host in ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "::1", "::ffff:127.0.0.1"] {
        let error = egress.resolve(host, 80).await.expect_err(host);
        assert!(matches!(error, EgressError::Refused { .. }), "{host}: {error}");
    }
}
