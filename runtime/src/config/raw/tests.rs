//! What the configuration comes to, and what is said of a wrong one.

use std::collections::HashMap;
use std::io::Write;

use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(None, &pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

#[test]
fn without_anything_the_defaults_hold() {
    let config = read(&[]).expect("valid");
    assert_eq!(config.http_addr.to_string(), "127.0.0.1:8080");
    assert_eq!((config.store.as_str(), config.interval.seconds()), ("embedded:./data", 60));
    assert_eq!(config.data_dir, PathBuf::from("./data"));
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
}

#[test]
fn variables_are_read_and_unknown_ones_refused_by_name() {
    let config = read(&[
        ("PLIMSOLL_SAMPLING_INTERVAL_SECONDS", "5"),
        ("PLIMSOLL_EGRESS_ALLOW", "10.0.0.0/8, 127.0.0.0/8"),
        ("PLIMSOLL_DNS_SERVERS", "127.0.0.1:5353, [::1]:53"),
        ("PLIMSOLL_STORE", "mongodb://u:p@db/x"),
        ("PLIMSOLL_KEY", "plk_client"),
        ("PLIMSOLL_TEST_MONGOD", "/somewhere"),
        ("HOME", "/root"),
    ])
    .expect("valid");
    assert_eq!((config.interval.seconds(), config.egress_allow.len(), config.dns_servers.len()), (5, 2, 2));
    assert!(!config.public_view().to_string().contains("u:p"), "{}", config.public_view());
    let error = read(&[("PLIMSOLL_HTPP_ADDR", "x")]).expect_err("refused");
    assert!(error.to_string().contains("PLIMSOLL_HTPP_ADDR"), "{error}");
}

#[test]
fn a_wrong_value_names_its_key_and_what_was_expected() {
    for (name, value, expected) in [
        ("PLIMSOLL_SAMPLING_INTERVAL_SECONDS", "4", "5 to 300"),
        ("PLIMSOLL_HTTP_ADDR", "here", "127.0.0.1:8080"),
        ("PLIMSOLL_EGRESS_ALLOW", "10.0.0.0/99", "10.0.0.0/8"),
        ("PLIMSOLL_DNS_SERVERS", "127.0.0.1", "192.0.2.53:53"),
        ("LOG_FORMAT", "xml", "json or pretty"),
    ] {
        let message = read(&[(name, value)]).expect_err("refused").to_string();
        assert!(message.contains(name) && message.contains(expected), "{message}");
    }
}

#[test]
fn keys_are_read_from_text_and_from_a_list() {
    let (one, two) = ("A".repeat(43), "B".repeat(42) + "A");
    let given = read(&[("PLIMSOLL_SECRET_KEY", &one), ("PLIMSOLL_SECRET_KEY_PREVIOUS", &format!("{two}, {one}=,"))])
        .expect("valid");
    let current = given.secret_key.as_ref().expect("given");
    assert_eq!((given.secret_key_previous.len(), given.secret_key_previous[1].id()), (2, current.id()));
    assert_eq!(given.public_view()["encryption_key_given"], true);
    assert!(!format!("{given:?} {}", given.public_view()).contains("AAAA"));
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    write!(file, "secret_key_previous = [\"{two}\", \"{one}\"]").expect("written");
    let read = Config::read(Some(file.path()), &HashMap::new()).expect("valid");
    assert_eq!(read.secret_key_previous[1].id(), current.id());
    assert!(read.secret_key.is_none());
}

#[test]
fn mail_is_sent_where_the_url_says_and_shown_without_its_password() {
    let config = read(&[
        ("PLIMSOLL_SMTP_URL", "smtps://user:s3cr3t@mail.example.com"),
        ("PLIMSOLL_SMTP_FROM", "Status <status@example.com>"),
        ("PLIMSOLL_SMTP_CA_FILE", "/etc/ca.pem"),
    ])
    .expect("valid");
    let shown = config.public_view();
    assert_eq!(shown["smtp"]["host"], "mail.example.com");
    assert_eq!(shown["smtp"]["from"], "Status <status@example.com>");
    assert!(!format!("{config:?} {shown}").contains("s3cr3t") && !shown.to_string().contains("user"), "{shown}");
    let defaults = read(&[("PLIMSOLL_SMTP_URL", "smtp://localhost")]).expect("valid").smtp.expect("given");
    assert_eq!(defaults.from.to_string(), "Plimsoll <plimsoll@localhost>");
    assert!(read(&[]).expect("valid").smtp.is_none());
}

#[test]
fn a_wrong_secret_is_refused_by_its_key_and_not_repeated() {
    for (name, value, expected) in [
        ("PLIMSOLL_SECRET_KEY", "c2VjcmV0", "32 bytes in base64, got 6 bytes"),
        ("PLIMSOLL_SECRET_KEY_PREVIOUS", "c2VjcmV0", "32 bytes in base64, got 6 bytes"),
        ("PLIMSOLL_SMTP_URL", "http://user:c2VjcmV0@mail.example.com", "smtps://"),
    ] {
        let error = read(&[(name, value)]).expect_err("refused");
        let told = format!("{error} {error:?}");
        assert!(told.contains(name) && told.contains(expected) && !told.contains("c2VjcmV0"), "{told}");
    }
    for (name, value) in [("PLIMSOLL_SMTP_FROM", "a@b.c"), ("PLIMSOLL_SMTP_CA_FILE", "/etc/ca.pem")] {
        let alone = read(&[(name, value)]).expect_err("refused").to_string();
        assert!(alone.contains(name) && alone.contains("PLIMSOLL_SMTP_URL"), "{alone}");
    }
    let url = ("PLIMSOLL_SMTP_URL", "smtp://localhost");
    let nobody = read(&[url, ("PLIMSOLL_SMTP_FROM", "nobody")]).expect_err("refused").to_string();
    assert!(nobody.contains("PLIMSOLL_SMTP_FROM") && nobody.contains("a mailbox"), "{nobody}");
}
