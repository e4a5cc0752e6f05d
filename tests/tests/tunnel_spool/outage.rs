//! Sentry goes away, comes back, chokes and limits: envelopes wait as long as there is room, and no longer than they must.

use std::time::Duration;

use plimsoll_tests::acts::metric;
use plimsoll_tests::frontend::{Frontend, number};
use plimsoll_tests::receivers::{Reply, Sentry};
use plimsoll_tests::{Client, Server, Setup, eventually};
use serde_json::{Value, json};

use super::writers::{Writer, nothing_is_lost_or_out_of_order, write_for};

async fn given(setup: Setup) -> (Server, Sentry, Client) {
    let server = setup.start().await;
    let admin = server.tenant("acme").await;
    (server, Sentry::start().await, admin)
}

fn numbers(sentry: &Sentry) -> Vec<u64> {
    sentry.of_accepted(number)
}

#[tokio::test(flavor = "multi_thread")]
async fn sentry_comes_and_goes_under_load_and_all_that_was_answered_arrives_in_order() {
    let (server, sentry, admin) = given(Setup::embedded().with("RUST_LOG", "warn")).await;
    let mut writers = Vec::new();
    for project in 1..=6 {
        writers.push(Writer::new(&admin, &sentry, project).await);
    }
    for _ in 0..4 {
        write_for(&mut writers, &sentry, Duration::from_millis(500)).await;
        tokio::join!(write_for(&mut writers, &sentry, Duration::from_millis(900)), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            sentry.stop();
        });
        tokio::join!(write_for(&mut writers, &sentry, Duration::from_millis(900)), sentry.start_again());
    }
    nothing_is_lost_or_out_of_order(&writers, &sentry).await;
    let stats = writers[0].app.stats().await;
    // Whoever hung up before the answer is counted only when their envelope is passed on.
    let of = |name: &str| stats["totals"][name].as_u64();
    assert!(of("envelopes_spooled") > Some(0) && of("envelopes_spooled") <= of("spool_relayed"), "{stats}");
    let empty = async || (metric(&server.anybody(), "plimsoll_spool_envelopes", "").await == Some(0.0)).then_some(());
    eventually(10, "the gauge says that nothing waits", empty).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_sentry_the_envelope_waits_and_arrives() {
    let (_server, sentry, admin) = given(Setup::embedded()).await;
    let app = Frontend::new((&admin, "acme", "web"), &sentry, 1, &json!({})).await;
    for (number, trouble) in (1..).zip([Reply::Status(500), Reply::Status(503), Reply::Reset, Reply::Hang]) {
        sentry.answer_with([trouble.clone()]);
        let answer = app.send(app.numbered(number), &[]).await;
        assert_eq!(answer.ok(200)["id"], plimsoll_tests::frontend::event_id(number), "{trouble:?}");
        let arrived = async || numbers(&sentry).contains(&number).then_some(());
        eventually(30, "it arrives", arrived).await;
        assert_eq!(app.stats().await["totals"]["envelopes_spooled"], number, "{trouble:?}");
        app.until_all_is_relayed(10).await;
    }
    // While it rests nobody knocks, and a limit that is told to the spool is heeded.
    sentry.stop();
    for number in 5..8 {
        app.send(app.numbered(number), &[]).await.ok(200);
    }
    assert_eq!(app.stats().await["upstream"]["status"], "away");
    sentry.answer_with([Reply::Limited(2, "2::key".to_owned())]);
    sentry.start_again().await;
    app.until_all_is_relayed(60).await;
    let came = sentry.came();
    let limited = came.iter().position(|came| number(came) == 5 && !came.accepted).expect("it was told of the limit");
    assert!(came[limited + 1].at.millis_since(came[limited].at) >= 2_000, "it did not wait");
    assert_eq!((numbers(&sentry)[4..].to_vec(), sentry.faults()), (vec![5, 6, 7], Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn envelopes_that_sentry_chokes_on_do_not_hold_up_the_others_and_go_with_their_app() {
    let (server, sentry, admin) = given(Setup::embedded()).await;
    let app = Frontend::new((&admin, "acme", "web"), &sentry, 1, &json!({})).await;
    sentry.answer_by(|came| if [3, 4, 30].contains(&number(came)) { Reply::Status(500) } else { Reply::Accept });
    sentry.stop();
    for number in 1..=40 {
        app.send(app.numbered(number), &[]).await.ok(200);
    }
    sentry.start_again().await;
    let only_three = async || (app.stats().await["spool"]["envelopes"] == 3).then_some(());
    eventually(100, "only these wait", only_three).await;
    let expected: Vec<u64> = (1..=40).filter(|number| ![3, 4, 30].contains(number)).collect();
    assert_eq!(numbers(&sentry), expected);
    app.send(app.numbered(41), &[]).await.ok(200);
    assert_eq!(numbers(&sentry).last(), Some(&41), "what comes now goes straight through");
    admin.delete(app.path()).await.ok(204);
    let gone = async || (metric(&server.anybody(), "plimsoll_spool_envelopes", "").await == Some(0.0)).then_some(());
    eventually(30, "what waits of an app that is gone is given up", gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_of_an_app_that_is_gone_is_given_up() {
    let (server, sentry, admin) = given(Setup::embedded()).await;
    let gone = Frontend::new((&admin, "acme", "gone"), &sentry, 1, &json!({})).await;
    let kept = Frontend::new((&admin, "acme", "kept"), &sentry, 2, &json!({})).await;
    sentry.stop();
    for number in 1..=5 {
        gone.send(gone.numbered(number), &[]).await.ok(200);
        kept.send(kept.numbered(number), &[]).await.ok(200);
    }
    admin.delete(gone.path()).await.ok(204);
    gone.send(gone.numbered(6), &[]).await.ok(403);
    sentry.start_again().await;
    kept.until_all_is_relayed(60).await;
    let empty = async || (metric(&server.anybody(), "plimsoll_spool_envelopes", "").await == Some(0.0)).then_some(());
    eventually(30, "nothing waits", empty).await;
    assert_eq!(sentry.of_accepted(|came| came.project), [2; 5]);
}

/// Sends until there is no room: what was answered 200.
async fn fill(app: &Frontend, first: u64) -> Vec<u64> {
    let filler = json!({"message": "x".repeat(4_000)});
    let mut taken = Vec::new();
    for number in first..first + 200 {
        let answer = app.send(app.envelope(number, &[("event", filler.clone())]), &[]).await;
        if answer.status != 200 {
            answer.ok(503);
            assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
            break;
        }
        taken.push(number);
    }
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_says_so_and_loses_nothing_of_what_it_took() {
    let setup =
        Setup::embedded().with("PLIMSOLL_SPOOL_TENANT_MAX_BYTES", "65536").with("PLIMSOLL_SPOOL_MAX_BYTES", "100000");
    let (server, sentry, admin) = given(setup).await;
    let other = server.tenant("other").await;
    let ours = Frontend::new((&admin, "acme", "web"), &sentry, 1, &json!({})).await;
    let theirs = Frontend::new((&other, "other", "web"), &sentry, 2, &json!({})).await;
    sentry.stop();
    let taken = fill(&ours, 1).await;
    assert!((10..=15).contains(&taken.len()), "{} of 4 kB fit into 64 KiB", taken.len());
    let of_others = fill(&theirs, 1_000).await;
    assert!((5..=9).contains(&of_others.len()), "{} fit into what is left of 100 kB", of_others.len());
    let totals = ours.stats().await["totals"].clone();
    assert_eq!((&totals["envelopes_spooled"], &totals["envelopes_failed"]), (&json!(taken.len()), &json!(1)));
    sentry.start_again().await;
    ours.until_all_is_relayed(60).await;
    theirs.until_all_is_relayed(60).await;
    let came = |project: u64| {
        let all = sentry.of_accepted(|came| (came.project, number(came)));
        all.into_iter().filter(|(of, _)| *of == project).map(|(_, number)| number).collect::<Vec<_>>()
    };
    assert_eq!((came(1), came(2)), (taken, of_others));
    let again = async || (ours.try_send(ours.numbered(900), &[]).await?.status == 200).then_some(());
    eventually(10, "there is room again", again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_spool_the_client_is_told_that_sentry_is_away() {
    let (_server, sentry, admin) = given(Setup::embedded().with("PLIMSOLL_SPOOL_MAX_BYTES", "0")).await;
    let app = Frontend::new((&admin, "acme", "web"), &sentry, 1, &json!({})).await;
    sentry.stop();
    let answer = app.send(app.numbered(1), &[]).await;
    let problem: Value = answer.ok(503);
    assert!(!answer.header("retry-after").is_empty() && !problem.to_string().contains("127.0.0.1"), "{answer:?}");
    sentry.start_again().await;
    let passes = async || (app.send(app.numbered(2), &[]).await.status == 200).then_some(());
    eventually(30, "envelopes pass again", passes).await;
    assert_eq!(numbers(&sentry), [2]);
}
