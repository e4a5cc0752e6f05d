//! A real Prometheus as a source of events, and as a second opinion on burn rates and on when to fire.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use plimsoll_domain::accounts::{HeldHour, Scene};
use plimsoll_domain::ids::{Series as SeriesId, SloType, TenantId};
use plimsoll_domain::sample::{Events, HourSamples, by_hour};
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::slo::backtest::{Hours, Replay};
use plimsoll_domain::slo::burn::{BURN_WINDOWS, DEFAULT_TIERS};
use plimsoll_domain::slo::{Objective, SliKind, Slo, Tier};
use plimsoll_domain::time::{Interval, Span, Tick, Timestamp};
use plimsoll_tests::acts::slo_status;
use plimsoll_tests::prometheus::{PASSWORD, Prometheus, PrometheusSetup, USER};
use plimsoll_tests::{Setup, eventually};
use serde_json::json;

/// Our own requests, as our own `/metrics` exports them to a Prometheus that we then ask about them.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_prometheus_is_asked_each_tick_about_a_real_exporter() {
    let server = Setup::embedded().start().await;
    let prometheus = PrometheusSetup::default().scraping("plimsoll", &server.address()).with_password().start().await;
    let (admin, anybody) = (server.tenant("acme").await, server.anybody());
    let count =
        |more: &str| format!("sum(increase(plimsoll_http_requests_total{{job=\"plimsoll\"{more}}}[$interval]))");
    let basic = json!({"username": USER, "password": PASSWORD});
    let of = |name: &str, source: serde_json::Value| json!({"slo_type": name, "kind": "prometheus", "objective": 0.5, "window": "1h", "prometheus": source});
    let (good, valid) = (count(",status=~\"2..\""), count(""));
    let counts = json!({"url": prometheus.url(), "good": good, "valid": valid, "basic": basic});
    let ratio = json!({"url": prometheus.url(), "ratio": format!("{good} / {valid}"), "basic": basic});
    let shut_out = json!({"url": prometheus.url(), "good": good, "valid": valid, "bearer": "not what it wants"});
    let scattered = json!({"url": prometheus.url(), "ratio": "plimsoll_http_requests_total", "basic": basic});
    let nowhere = json!({"url": "http://10.255.255.1:9090", "ratio": "1"});
    let objectives = [
        of("counts", counts),
        of("ratio", ratio),
        of("shut-out", shut_out),
        of("scattered", scattered),
        of("nowhere", nowhere),
    ];
    admin.put("/observability/slo/config/acme", &json!({"objectives": objectives})).await.ok(200);

    for name in ["counts", "ratio"] {
        let measured = async || {
            // Good ones and bad ones go on being there to be counted.
            anybody.page("/s/none").await;
            let now = slo_status(&admin, "acme", name).await;
            let (sli, coverage) = (now["sli"].as_f64()?, now["coverage"].as_f64()?);
            (sli > 0.0 && sli < 1.0 && coverage > 0.0).then_some(now)
        };
        let measured = eventually(60, &format!("{name} is measured"), measured).await;
        assert!(measured["valid"].as_f64() > measured["good"].as_f64(), "{measured}");
        assert_eq!(measured.get("trouble"), None, "{measured}");
    }
    for (name, words) in [("shut-out", "401"), ("scattered", "series"), ("nowhere", "10.255.255.1")] {
        let told = async || slo_status(&admin, "acme", name).await["trouble"].as_str().map(str::to_owned);
        let trouble = eventually(60, &format!("{name} is in trouble"), told).await;
        assert!(trouble.contains(words), "{name}: {trouble}");
        assert_eq!(slo_status(&admin, "acme", name).await["sli"], serde_json::Value::Null, "unknown is unknown");
    }
    assert!(!server.log_text().contains(PASSWORD) && !server.log_text().contains("not what it wants"));
}

const DAYS: i64 = 4;
/// Minutes at the end that both are asked about.
const ASKED: i64 = 14 * 60;

/// Good and bad events of one minute: calm, with trouble of all sizes in the last fourteen hours.
fn minute(number: i64) -> (u64, u64) {
    let since = number - (DAYS * 24 * 60 - ASKED);
    let bad = match since {
        20..26 => 60,
        90..150 => 12,
        300..420 => 4,
        423 => 600,
        500..505 => 9 * (since.unsigned_abs() - 499),
        600..780 if since % 7 < 2 => 21,
        _ => u64::from(number % 311 == 0),
    };
    let valid = 600 + number.unsigned_abs() * 7_919 % 97;
    (valid - bad, bad)
}

fn begin() -> Timestamp {
    // Over a leap day.
    "2028-02-26T00:00:00Z".parse().expect("a time")
}

fn at(minutes: i64) -> Timestamp {
    begin().plus(Span::minutes(minutes))
}

/// The counters of a service, as a scrape each minute would have found them.
fn counters() -> String {
    let mut text = String::from("# TYPE http_requests counter\n");
    for (code, is_good) in [("200", true), ("500", false)] {
        let mut total = 0;
        for number in 0..=DAYS * 24 * 60 {
            let second = at(number).seconds();
            writeln!(text, "http_requests_total{{code=\"{code}\"}} {total} {second}").expect("a string takes it");
            let (good, bad) = minute(number);
            total += if is_good { good } else { bad };
        }
    }
    text + "# EOF\n"
}

/// The usual recorded error ratio of a window.
fn error_ratio(window: Span) -> String {
    format!("sum(rate(http_requests_total{{code=\"500\"}}[{window}])) / sum(rate(http_requests_total[{window}]))")
}

async fn ratios(prometheus: &Prometheus, window: Span) -> Vec<(Timestamp, f64)> {
    let (from, to) = (at(DAYS * 24 * 60 - ASKED), at(DAYS * 24 * 60));
    let series = prometheus.query_range(&error_ratio(window), from, to, Span::minutes(1)).await;
    series.into_iter().next().expect("one series").points
}

fn slo() -> Slo {
    let name: SloType = "requests".parse().expect("a name");
    Slo { minimum_bad_samples: 1, ..Slo::new(name, SliKind::Events, Objective::THREE_NINES) }
}

/// What our own accounts say at the end of each minute: the burn rate of each window, and which tiers fire.
fn ours() -> Vec<(Timestamp, Vec<f64>, Vec<bool>)> {
    let events: Vec<Events> = (0..DAYS * 24 * 60)
        .map(|number| {
            let (good, bad) = minute(number);
            Events { at: at(number), good, bad, maintenance: false, latency: Sketch::default() }
        })
        .collect();
    let slo = slo();
    let held = by_hour(&[], &events).into_iter().map(|(hour, portion)| {
        let mut samples = HourSamples::default();
        samples.merge_portion(&portion);
        (hour, HeldHour::Samples(samples))
    });
    let hours = Hours::from([(SeriesId::from(&slo.slo_type), held.collect())]);
    let tenant: TenantId = "acme".parse().expect("a slug");
    let scene = |number: i64| Scene {
        tenant: &tenant,
        components: &[],
        tick: Tick::from_seconds(at(number).seconds()),
        interval: Interval::MINUTE,
    };
    let last = DAYS * 24 * 60 - 1;
    let mut replay = Replay::new(&slo, &scene(last - ASKED), &hours);
    let of = |number| {
        let measured = replay.step(&scene(number));
        let burn = BURN_WINDOWS.map(|window| measured.burn_over(window.into()).expect("there is data"));
        let firing = measured.tiers.iter().map(|tier| tier.firing_since.is_some());
        (measured.at, burn.to_vec(), firing.collect())
    };
    (last - ASKED..=last).map(of).collect()
}

/// The minutes in which a tier fires by the other's ratios: from when both windows are over until the long one is not.
/// An alert of the other is gone as soon as the short window is calm; that ours stays is what a tier is for, and so the rule
/// is carried out here, on its figures.
fn minutes_by(tier: &Tier, long: &[(Timestamp, f64)], short: &[(Timestamp, f64)]) -> BTreeSet<Timestamp> {
    let over = |ratio: f64| ratio / (1.0 - 0.999) > tier.factor(Span::days(30));
    let mut fires = false;
    let mut minutes = BTreeSet::new();
    for ((at, long), (_, short)) in long.iter().zip(short) {
        fires = over(*long) && (fires || over(*short));
        if fires {
            minutes.insert(*at);
        }
    }
    minutes
}

/// Samples lie on the edges of every window that is asked about, so that nothing is extrapolated, and the other's figures
/// are ours but for the last bits of other divisions: 10⁻⁹ of each.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_finds_the_same_burn_rates_and_the_same_firing_minutes() {
    let prometheus = PrometheusSetup::default().with_history(&counters()).start().await;
    let ours = ours();
    let mut theirs = Vec::new();
    for window in BURN_WINDOWS {
        theirs.push((window, ratios(&prometheus, window).await));
    }
    for (index, (window, ratios)) in theirs.iter().enumerate() {
        assert_eq!(ratios.len(), ours.len(), "{window}");
        for ((at, ratio), (ours_at, burn, _)) in ratios.iter().zip(&ours) {
            assert_eq!(at, ours_at);
            let expected = ratio / (1.0 - 0.999);
            assert!(
                (burn[index] - expected).abs() <= expected * 1e-9,
                "{window} at {at}: {} is not {expected}",
                burn[index]
            );
        }
    }
    let of = |window: Span| &theirs.iter().find(|(held, _)| *held == window).expect("it was asked for").1;
    for (index, tier) in DEFAULT_TIERS.iter().enumerate() {
        let expected = minutes_by(tier, of(tier.long), of(tier.short));
        let fired: BTreeSet<_> = ours.iter().filter(|(_, _, firing)| firing[index]).map(|(at, ..)| *at).collect();
        assert_eq!(fired, expected, "the tier of {}", tier.long);
        assert!(
            !fired.is_empty() && fired.len() < ours.len(),
            "the history makes the tier of {} fire, and not always",
            tier.long
        );
    }
}
