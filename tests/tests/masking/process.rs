//! Secrets in the program's own configuration: starts that fail, and commands that complain.

use plimsoll_tests::{Setup, port};

use crate::echo::Echo;
use crate::secrets::Secrets;
use crate::world::with_secrets;

/// Values that are wrong and hold a secret: the variable, and what it is set to.
fn wrong(secrets: &Secrets) -> Vec<(&'static str, String)> {
    let away = port::free();
    let core = |what: &str| secrets.core(what);
    vec![
        (
            "PLIMSOLL_STORE",
            format!("mongodb://user:{}%22@127.0.0.1:{away}/x?serverSelectionTimeoutMS=300", core("a store")),
        ),
        ("PLIMSOLL_STORE", format!("mongodb://user:{}@127.0.0.1:{away}:x/", core("a store's broken address"))),
        ("PLIMSOLL_STORE", format!("postgres://user:{}@127.0.0.1/x", core("a store of another kind"))),
        ("PLIMSOLL_SECRET_KEY", format!("{}!", core("a secret key that is no base64"))),
        ("PLIMSOLL_SECRET_KEY_PREVIOUS", format!("x,{}", core("a previous key that is short"))),
        ("PLIMSOLL_ROOT_KEY", secrets.note("a short root key", "qz7r0otk3yxw")),
        ("PLIMSOLL_SMTP_URL", format!("smtp//user:{}@127.0.0.1", core("no address of mail"))),
        ("PLIMSOLL_SMTP_URL", format!("imap://user:{}@127.0.0.1", core("another protocol"))),
        ("PLIMSOLL_SMTP_URL", format!("smtp://user:{}@127.0.0.1?tls=maybe", core("an unknown option"))),
        ("PLIMSOLL_SENTRY_DSN", format!("http://{}:{}@127.0.0.1", core("a DSN's key"), core("a DSN's secret"))),
        ("PLIMSOLL_SENTRY_DSN", core("no DSN")),
        ("PLIMSOLL_PYROSCOPE_URL", format!("pyroscope//u:{}@127.0.0.1", core("no address of profiles"))),
        ("OTEL_EXPORTER_OTLP_HEADERS", format!("no header={}", core("a header with a space"))),
        ("OTEL_EXPORTER_OTLP_HEADERS", core("a header without a name")),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http//u:{}@127.0.0.1", core("no collector"))),
        ("PLIMSOLL_KEY", format!("plk_{}", core("the key of a command"))),
        (
            "PLIMSOLL_URL",
            format!("http://u:{}@127.0.0.1:{away}/?token={}", core("a server's user"), core("a server's token")),
        ),
        ("PLIMSOLL_URL", format!("http//u:{}@127.0.0.1", core("no server"))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_start_that_fails_nor_a_command_repeats_a_secret() {
    let (secrets, echo) = (Secrets::default(), Echo::start(400));
    let base = with_secrets(Setup::embedded(), &secrets, &echo).with("RUST_LOG", "trace");
    let mut found = Vec::new();
    for (variable, value) in wrong(&secrets) {
        let setup = base.clone().with(variable, &value);
        let mut server = setup.stopped();
        let mut commands: Vec<&[&str]> =
            vec![&["config"], &["config", "--format", "json"], &["config", "--format", "toml"]];
        commands.extend([
            &["doctor"][..],
            &["doctor", "--format", "json"],
            &["secrets", "rotate"],
            &["export", "acme"],
        ]);
        for arguments in commands {
            let output = server.run(arguments);
            let words = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            found.extend(
                secrets.found_in(&words).into_iter().map(|secret| format!("{variable} {arguments:?}: {secret}")),
            );
        }
        if matches!(variable, "PLIMSOLL_URL" | "PLIMSOLL_KEY") {
            continue;
        }
        server.spawn();
        assert!(!server.ended().await.success(), "{variable}={value}");
        let log = server.log_text();
        found.extend(secrets.found_in(&log).into_iter().map(|secret| format!("{variable} serve: {secret}")));
    }
    assert!(found.is_empty(), "{} secrets are told:\n{}", found.len(), found.join("\n"));
}
