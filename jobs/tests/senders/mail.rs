//! Mail, to a real server.

use plimsoll_domain::alert::{DeliveryAction, Target, Verdict};
use plimsoll_runtime::config::Smtp as Configured;
use plimsoll_runtime::mailer::Mailer;
use plimsoll_tests::receivers::{Answer, Smtp, SmtpSetup};

use crate::world::{ACTIONS, alert, content, impatient_senders, retry, send, senders, test_content};

pub(crate) fn mailer(server: &Smtp) -> Mailer {
    let mut smtp = Configured::from_url(&server.url()).expect("a URL");
    smtp.ca_file = Some(server.ca_file());
    Mailer::new(&smtp).expect("a mailer")
}

pub(crate) fn target() -> Target {
    Target::Email { to: vec!["on-call@example.com".to_owned(), "ops@example.com".to_owned()] }
}

#[tokio::test]
async fn mails_go_over_tls_by_a_login_to_all_addresses() {
    for setup in [SmtpSetup::default().with_starttls(), SmtpSetup::default().with_tls()] {
        let server = setup.with_login().start().await;
        let senders = senders(Some(mailer(&server)));
        let outcome = send(&senders, &alert(content(), "key"), DeliveryAction::Trigger, &target()).await;
        assert_eq!((outcome.verdict, outcome.status), (Verdict::Delivered, Some(250)), "{outcome:?}");
        assert_eq!(server.faults(), Vec::<String>::new());
        let mail = server.received().pop().expect("it came");
        assert!(mail.encrypted && mail.user.as_deref() == Some(Smtp::USER), "{mail:?}");
        assert_eq!(mail.to, ["on-call@example.com", "ops@example.com"]);
    }
}

#[tokio::test]
async fn a_mail_says_everything_as_text_and_as_html_that_is_escaped() {
    let server = SmtpSetup::default().start().await;
    let senders = senders(Some(mailer(&server)));
    send(&senders, &alert(content(), "key"), DeliveryAction::Trigger, &target()).await;
    let mail = server.received().pop().expect("it came");
    assert_eq!(mail.header("Subject"), "[CRITICAL] Checkout fails for 12 % of <customers> & more");
    for words in ["<customers> & more", "prometheus", "team = shop", "Runbook: https://wiki", "/s/acme", "0.12"] {
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
    }
    for words in ["&lt;customers&gt; &amp; more", "prometheus", "team = shop", "https://wiki.example.com", "/s/acme"] {
        assert!(mail.html.contains(words), "{words}: {}", mail.html);
    }
}

#[tokio::test]
async fn mails_about_one_alert_stand_together_and_a_mail_keeps_its_id() {
    let server = SmtpSetup::default().start().await;
    let (senders, alert) = (senders(Some(mailer(&server))), alert(test_content(), "key"));
    for action in ACTIONS.into_iter().chain([DeliveryAction::Trigger]) {
        send(&senders, &alert, action, &target()).await;
    }
    let mails = server.received();
    let ids: Vec<_> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(ids[0], format!("<{}-1@status.example.com>", alert.id));
    assert!(ids[0] == ids[3] && ids[0] != ids[2], "{ids:?}");
    assert!(mails.iter().all(|mail| mail.header("References") == mails[0].header("References")));
    assert!(mails.iter().all(|mail| mail.header("In-Reply-To") == mails[0].header("In-Reply-To")));
    let subjects: Vec<_> = mails.iter().map(|mail| mail.header("Subject")).collect();
    assert!(subjects[0].starts_with("[TEST] [CRITICAL] "), "{subjects:?}");
    assert!(subjects[2].starts_with("[TEST] [RESOLVED] "), "{subjects:?}");
}

#[tokio::test]
async fn a_server_that_refuses_for_now_is_tried_again_and_one_that_refuses_for_good_is_not() {
    let server = SmtpSetup::default().start().await;
    let alert = alert(content(), "key");
    for (answer, expected, status) in [
        (Answer::Says(451, "4.7.1 come back later".to_owned()), retry(false), Some(451)),
        (Answer::Says(550, "5.1.1 nobody here".to_owned()), Verdict::Dead, Some(550)),
        (Answer::Reset, retry(true), None),
        (Answer::Hang, retry(true), None),
        (Answer::Accept, Verdict::Delivered, Some(250)),
    ] {
        server.answer_with([answer.clone()]);
        let mailer = Some(mailer(&server));
        let senders = if answer == Answer::Hang { impatient_senders(mailer) } else { senders(mailer) };
        let outcome = send(&senders, &alert, DeliveryAction::Trigger, &target()).await;
        assert_eq!((outcome.verdict, outcome.status), (expected, status), "{answer:?}: {outcome:?}");
        if let Answer::Says(_, words) = &answer {
            assert!(outcome.words.contains(&words[6..]), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_away_has_got_nothing_and_gets_it_later() {
    let mut server = SmtpSetup::default().start().await;
    let (senders, alert) = (senders(Some(mailer(&server))), alert(content(), "key"));
    server.stop();
    let outcome = send(&senders, &alert, DeliveryAction::Trigger, &target()).await;
    assert_eq!(outcome.verdict, retry(false), "{outcome:?}");
    server.start_again().await;
    let outcome = send(&senders, &alert, DeliveryAction::Trigger, &target()).await;
    assert_eq!(outcome.verdict, Verdict::Delivered, "{outcome:?}");
}

#[tokio::test]
async fn without_a_mail_server_a_mail_is_dead_and_says_what_is_missing() {
    let outcome = send(&senders(None), &alert(content(), "key"), DeliveryAction::Trigger, &target()).await;
    assert_eq!(outcome.verdict, Verdict::Dead);
    assert!(outcome.words.contains("PLIMSOLL_SMTP_URL"), "{}", outcome.words);
}
