//! Limits of rate, ours and Sentry's: told in Sentry's terms, and each to whom it concerns only.

use futures_util::future::join_all;
use plimsoll_tests::frontend::Frontend;
use plimsoll_tests::receivers::Reply;
use plimsoll_tests::{Answer, Setup};
use serde_json::json;

use super::given::{given, given_by};

/// A 429 in Sentry's terms, for this reason.
#[track_caller]
fn assert_limited(answer: &Answer, reason: &str) {
    answer.ok(429);
    let seconds: u64 = answer.header("retry-after").parse().expect("whole seconds");
    assert!((1..=60).contains(&seconds), "{seconds} s");
    assert_eq!(answer.header("x-sentry-rate-limits"), format!("{seconds}::key:{reason}"));
}

/// Sends so many envelopes at once, each from an address that `from` makes of its number.
async fn flood(app: &Frontend, many: u64, from: impl Fn(u64) -> String) -> Vec<Answer> {
    let send = async |number: u64| app.send(app.numbered(number), &[("x-forwarded-for", &from(number))]).await;
    join_all((0..many).map(send)).await
}

fn passed(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 200).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_over_its_limit_is_told_when_to_come_back_and_the_others_pass() {
    let setup = Setup::embedded().with("PLIMSOLL_TRUSTED_PROXIES", "127.0.0.0/8");
    let given = given_by(setup, &json!({"rate_limits": {"client_per_minute": 4, "app_per_minute": 100_000}})).await;
    let greedy = flood(&given.web, 40, |_| "192.0.2.1".to_owned()).await;
    // One more comes free every 15 seconds.
    assert!((4..8).contains(&passed(&greedy)), "{} passed", passed(&greedy));
    greedy.iter().filter(|answer| answer.status != 200).for_each(|answer| assert_limited(answer, "client_rate"));
    let others = flood(&given.web, 40, |number| format!("198.51.100.{number}")).await;
    assert_eq!(passed(&others), 40, "each has a limit of its own");
    // Whoever has one IPv6 address has a network of them.
    let network = flood(&given.web, 40, |number| format!("2001:db8::{number:x}")).await;
    assert!((4..8).contains(&passed(&network)), "{} passed", passed(&network));
    // What the client itself says of where it comes from counts for nothing.
    let liar = flood(&given.web, 40, |number| format!("203.0.113.{number}, 192.0.2.77")).await;
    assert!((4..8).contains(&passed(&liar)), "{} passed", passed(&liar));
    let came = given.sentry.accepted();
    let all = [&greedy, &others, &network, &liar].into_iter().map(|answers| passed(answers)).sum::<usize>();
    assert_eq!(came.len(), all, "what was refused went nowhere");
    assert!(came.iter().all(|one| one.header("x-forwarded-for").ends_with(", 127.0.0.1")), "{:?}", came[0]);
    let totals = given.web.stats().await["totals"].clone();
    assert_eq!((&totals["envelopes_relayed"], &totals["envelopes_rate_limited"]), (&json!(all), &json!(160 - all)));
    assert_eq!(given.sentry.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_believed_of_where_they_come_from_unless_a_proxy_is_trusted() {
    let given = given_by(Setup::embedded(), &json!({"rate_limits": {"client_per_minute": 4}})).await;
    let answers = flood(&given.web, 40, |number| format!("198.51.100.{number}")).await;
    assert!((4..8).contains(&passed(&answers)), "{} passed", passed(&answers));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_apps_flood_is_limited_and_another_apps_envelopes_all_pass_meanwhile() {
    let setup = Setup::embedded().with("PLIMSOLL_TRUSTED_PROXIES", "127.0.0.0/8");
    let given = given_by(setup, &json!({})).await;
    let limits = json!({"rate_limits": {"app_per_minute": 10}});
    let loud = Frontend::new((&given.admin, "acme", "loud"), &given.sentry, 2, &limits).await;
    let address = |number: u64| format!("198.51.{}.{}", number / 250, number % 250);
    let (flooded, quiet) = tokio::join!(flood(&loud, 600, address), flood(&given.web, 200, address));
    assert_eq!(passed(&quiet), 200);
    // One more comes free every six seconds.
    assert!((10..20).contains(&passed(&flooded)), "{} passed", passed(&flooded));
    flooded.iter().filter(|answer| answer.status != 200).for_each(|answer| assert_limited(answer, "app_rate"));
    let of = |project: u64| given.sentry.of_accepted(|came| came.project == project).iter().filter(|is| **is).count();
    assert_eq!((of(1), of(2)), (200, passed(&flooded)));
    given.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sentry_answers_is_what_the_client_hears_and_nothing_of_it_is_put_aside() {
    let given = given().await;
    let limits = "60:error;transaction:organization:quota, 2700:default:key";
    given.sentry.answer_with([
        Reply::Limited(17, limits.to_owned()),
        Reply::AcceptWithLimits("5:replay:key".to_owned()),
        Reply::Status(400),
        Reply::Status(403),
        Reply::Status(413),
    ]);
    let answer = given.web.send(given.web.numbered(1), &[]).await;
    assert_eq!(
        (answer.status, answer.header("retry-after"), answer.header("x-sentry-rate-limits")),
        (429, "17", limits)
    );
    assert!(answer.text.contains("quota or rate limit"), "Sentry's own words: {}", answer.text);
    let answer = given.web.send(given.web.numbered(2), &[]).await;
    assert_eq!((answer.status, answer.header("x-sentry-rate-limits")), (200, "5:replay:key"));
    assert_eq!(answer.json()["id"], plimsoll_tests::frontend::event_id(2));
    assert_eq!((answer.header("server"), answer.header("set-cookie")), ("", ""));
    for status in [400, 403, 413] {
        let answer = given.web.send(given.web.numbered(3), &[]).await;
        assert_eq!((answer.status, answer.header("x-sentry-error")), (status, "scripted"));
    }
    let stats = given.web.stats().await;
    let totals = &stats["totals"];
    assert_eq!((&totals["envelopes_relayed"], &totals["envelopes_refused"]), (&json!(1), &json!(4)), "{stats}");
    assert_eq!((&stats["spool"]["envelopes"], &totals["envelopes_spooled"]), (&json!(0), &json!(0)), "{stats}");
    assert_eq!(given.sentry.came().len(), 5, "each came once");
    given.still_works().await;
}
