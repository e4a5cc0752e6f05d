//! TLS: with an authority of the test's own, and without.

use std::sync::Arc;

use plimsoll_runtime::http_client::install_tls_provider;
use plimsoll_runtime::upstream::{Upstream, UpstreamError};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::peer::{background, client, exchange, open_to, post, serve, soon};

struct Secured {
    port: u16,
    trusting: ClientConfig,
}

/// An echo for `localhost`, over TLS, for clients that agree on HTTP/1.1.
async fn secured() -> Secured {
    install_tls_provider();
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    let leaf = leaf.signed_by(&key, &authority).expect("signed");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key);
    let mut config = config.expect("a certificate");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    background(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a caller");
            // A client that does not trust us hangs up.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            serve(stream).await;
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).expect("a root");
    Secured { port, trusting: ClientConfig::builder().with_root_certificates(roots).with_no_client_auth() }
}

#[tokio::test]
async fn a_trusted_server_is_spoken_to_whichever_of_its_addresses_answers() {
    let secured = secured().await;
    // The name may have addresses that nobody listens on.
    let client = Upstream::with_tls(&open_to(&["127.0.0.0/8", "::1/128"]), secured.trusting);
    let large = "x".repeat(1_000_000);
    for text in ["ping", &large, "pong"] {
        let (status, echoed) = exchange(&client, post(&format!("https://localhost:{}/", secured.port), text)).await;
        assert_eq!((status, echoed == text), (200, true));
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_told_nothing() {
    let secured = secured().await;
    let trusting = Upstream::with_tls(&open_to(&["127.0.0.0/8"]), secured.trusting.clone());
    for (client, host) in [(client(), "localhost"), (trusting, "127.0.0.1")] {
        let error = soon(client.send(post(&format!("https://{host}:{}/", secured.port), "ping"))).await.err();
        let error = error.expect("not trusted");
        assert!(matches!(error, UpstreamError::NotConnected(_)) && !error.may_have_arrived(), "{host}: {error:?}");
    }
}
