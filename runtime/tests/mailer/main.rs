//! Hands mail to servers on loopback that behave, and to some that do not: what is said to them, and what is made of
//! their answers.

mod server;

use plimsoll_runtime::config::Smtp;
use plimsoll_runtime::mailer::{Mail, MailError, Mailer, MailerError};

use crate::server::{After, SmtpServer};

const PASSWORD: &str = "s3cr3t-w0rd";

fn mail() -> Mail {
    Mail {
        to: vec!["On call <on-call@example.com>".to_owned(), "boss@example.com".to_owned()],
        subject: "Störung:\r\nBcc: all@example.com".to_owned(),
        text: "The API is down.\n.\nSince noon.".to_owned(),
        html: Some("<p>The API is down.</p>".to_owned()),
        message_id: "<alert-1@plimsoll>".to_owned(),
        written_at: "2026-11-01T12:00:00Z".parse().expect("an instant"),
        headers: vec![("In-Reply-To".to_owned(), "<alert-0@plimsoll>".to_owned())],
    }
}

fn mailer(url: &str) -> Mailer {
    Mailer::new(&Smtp::from_url(url).expect("a URL")).expect("a mailer")
}

#[tokio::test]
async fn a_mail_is_handed_over_with_its_headers_and_both_bodies() {
    let server = SmtpServer::start(&[]).await;
    let words = mailer(&server.url("")).send(mail()).await.expect("taken");
    assert_eq!(words, "250 2.0.0 queued as 17");
    let said = server.said();
    for line in [
        "MAIL FROM:<plimsoll@localhost>",
        "RCPT TO:<on-call@example.com>",
        "RCPT TO:<boss@example.com>",
        "From: Plimsoll <plimsoll@localhost>",
        "Date: Sun, 01 Nov 2026 12:00:00 +0000",
        "Message-ID: <alert-1@plimsoll>",
        "In-Reply-To: <alert-0@plimsoll>",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
        "<p>The API is down.</p>",
        // A line of one dot would end the mail: it is doubled on the way.
        "..",
    ] {
        assert!(said.iter().any(|found| found == line), "{line} in {said:#?}");
    }
    assert!(!said.iter().any(|line| line.starts_with("Bcc")), "a subject is one line: {said:#?}");
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_mail_while_it_leads_somewhere() {
    let server = SmtpServer::start(&[]).await;
    let mailer = mailer(&server.url(""));
    for _ in 0..3 {
        mailer.send(mail()).await.expect("taken");
    }
    assert_eq!(server.connections(), 1);
    let server = SmtpServer::start(&[("NOOP", After::HangUp)]).await;
    let mailer = self::mailer(&server.url(""));
    for _ in 0..3 {
        mailer.send(mail()).await.expect("taken");
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn what_the_server_refuses_is_told_in_its_own_words() {
    let permanent = |code, words: &str| MailError::Permanent { code, words: words.to_owned() };
    let transient = |code, words: &str| MailError::Transient { code, words: words.to_owned() };
    for (step, answer, expected) in [
        ("RCPT", "550 5.1.1 no such user", permanent(550, "5.1.1 no such user")),
        ("MAIL", "451 4.7.1 greylisted", transient(451, "4.7.1 greylisted")),
        ("CONNECT", "421 too busy", transient(421, "too busy")),
        ("CONNECT", "554 5.7.1 go away", permanent(554, "5.7.1 go away")),
        (".", "552 5.3.4 too big", permanent(552, "5.3.4 too big")),
    ] {
        let server = SmtpServer::start(&[(step, After::Say(answer))]).await;
        let error = mailer(&server.url("")).send(mail()).await.expect_err("refused");
        assert_eq!(error, expected, "{step}");
        assert!(!error.may_have_arrived());
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_has_arrived() {
    let url = SmtpServer::start(&[]).await.url("");
    let error = mailer(&url).send(mail()).await.expect_err("closed");
    assert!(matches!(error, MailError::Unreachable(_)) && !error.may_have_arrived(), "{error:?}");
    // Longer than a label may be, so that no name server is asked.
    let name = format!("smtp://{}.invalid", "x".repeat(64));
    let error = mailer(&name).send(mail()).await.expect_err("unknown");
    assert!(matches!(error, MailError::Unreachable(_)), "{error:?}");
    for step in ["CONNECT", "EHLO"] {
        let server = SmtpServer::start(&[(step, After::HangUp)]).await;
        let error = mailer(&server.url("")).send(mail()).await.expect_err("hung up");
        assert!(matches!(error, MailError::Unreachable(_)), "{step}: {error:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_or_stays_silent_may_have_taken_the_mail() {
    let server = SmtpServer::start(&[(".", After::HangUp)]).await;
    let error = mailer(&server.url("")).send(mail()).await.expect_err("hung up");
    assert!(matches!(error, MailError::Broken(_)) && error.may_have_arrived(), "{error:?}");
    let server = SmtpServer::start(&[(".", After::StaySilent)]).await;
    let error = mailer(&server.url("")).send(mail()).await.expect_err("silent");
    assert_eq!(error, MailError::Timeout(14));
    assert!(error.may_have_arrived());
}

#[tokio::test]
async fn a_server_that_never_greets_is_not_connected_to() {
    let server = SmtpServer::start(&[("CONNECT", After::StaySilent)]).await;
    let error = mailer(&server.url("")).send(mail()).await.expect_err("silent");
    assert_eq!(error, MailError::Unreachable("no connection within 7 s".to_owned()));
}

#[tokio::test]
async fn a_password_is_shown_to_the_server_and_to_nobody_else() {
    let login = format!("user:{PASSWORD}@");
    let server = SmtpServer::start(&[]).await;
    mailer(&server.url(&login)).send(mail()).await.expect("taken");
    assert!(server.said().iter().any(|line| line == "AUTH PLAIN AHVzZXIAczNjcjN0LXcwcmQ="), "{:?}", server.said());
    let server = SmtpServer::start(&[("AUTH", After::Say("535 5.7.8 wrong credentials"))]).await;
    let mailer = mailer(&server.url(&login));
    let error = mailer.send(mail()).await.expect_err("refused");
    assert_eq!(error, MailError::Permanent { code: 535, words: "5.7.8 wrong credentials".to_owned() });
    assert!(!format!("{mailer:?} {error:?}").contains(PASSWORD));
    assert!(!server.said().iter().any(|line| line.starts_with("MAIL")));
}

#[tokio::test]
async fn a_server_without_tls_is_told_nothing_when_tls_is_required() {
    let server = SmtpServer::start(&[]).await;
    let url = format!("{}?tls=required", server.url(&format!("user:{PASSWORD}@")));
    let error = mailer(&url).send(mail()).await.expect_err("no STARTTLS");
    assert!(matches!(&error, MailError::Unreachable(words) if words.contains("STARTTLS")), "{error:?}");
    assert!(!server.said().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
    let error = mailer(&server.url("").replace("smtp:", "smtps:")).send(mail()).await.expect_err("no TLS");
    assert!(matches!(error, MailError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_no_mail_is_not_sent() {
    let server = SmtpServer::start(&[]).await;
    let mailer = mailer(&server.url(""));
    let wrong: [fn(&mut Mail); 6] = [
        |mail| mail.to = Vec::new(),
        |mail| mail.to.push("nobody".to_owned()),
        |mail| mail.to.push("a@example.com\r\nBcc: b@example.com".to_owned()),
        |mail| mail.message_id = "<a@b>\r\nBcc: b@example.com".to_owned(),
        |mail| mail.headers.push(("References".to_owned(), "<a@b>\nBcc: b@example.com".to_owned())),
        |mail| mail.headers.push(("Bcc: b@example.com\r\nX".to_owned(), "x".to_owned())),
    ];
    for change in wrong {
        let mut changed = mail();
        change(&mut changed);
        let error = mailer.send(changed).await.expect_err("unsendable");
        assert!(matches!(error, MailError::Unsendable(_)) && !error.may_have_arrived(), "{error:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_file_without_certificates_is_refused_by_the_name_of_its_key() {
    let mut smtp = Smtp::from_url("smtps://mail.example.com").expect("a URL");
    for text in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n!"]
    {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        smtp.ca_file = Some(file.path().to_owned());
        let error = Mailer::new(&smtp).expect_err("refused");
        assert!(matches!(error, MailerError::CaFile { .. }), "{error:?}");
        assert!(error.to_string().starts_with("PLIMSOLL_SMTP_CA_FILE is wrong: "), "{error}");
    }
    smtp.ca_file = Some("/nowhere/ca.pem".into());
    assert!(Mailer::new(&smtp).expect_err("refused").to_string().contains("/nowhere/ca.pem"));
}
