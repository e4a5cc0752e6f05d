//! Writes charts of invented budgets, for looking at the design: `cargo run -p plimsoll-charts --example looks FOLDER`.
//!
//! `all.svg` is what the API answers with; `page.html` holds the same charts inside a page that styles them.

use std::path::PathBuf;
use std::{env, fs, io};

use plimsoll_charts::{Burndown, Look, Point, burndown, burndowns};
use plimsoll_domain::time::{Span, Timestamp};

/// What remains at each hour of a window, by a rule.
fn hourly(hours: i64, rule: impl Fn(f64) -> Option<f64>) -> Vec<Point> {
    let point = |hour: i64| Point { at: start().plus(Span::hours(hour)), remaining_ratio: rule(hour as f64) };
    (0..=hours).map(point).collect()
}

fn start() -> Timestamp {
    "2026-10-22T12:03:00Z".parse().expect("an instant")
}

/// A slow leak, and from each of these hours on a share of the budget lost within six.
fn steps(hour: f64, losses: &[(f64, f64)]) -> f64 {
    let lost = losses.iter().map(|(at, loss)| loss * ((hour - at) / 6.0).clamp(0.0, 1.0));
    1.0 - lost.sum::<f64>() - hour * 0.000_15
}

/// A title, hours, and what remained.
type Sample = (&'static str, i64, Vec<Point>);

fn samples() -> Vec<Sample> {
    let slow = [(90.0, 0.08), (210.0, 0.2), (430.0, 0.05), (600.0, 0.12)];
    let bad = [(60.0, 0.3), (300.0, 0.5), (420.0, 0.4)];
    let awful = [(60.0, 0.3), (300.0, 2.5), (500.0, -2.0), (610.0, 4.0)];
    let known = |hour: f64| !(340.0..380.0).contains(&hour) && !(500.0..505.0).contains(&hour);
    vec![
        ("availability", 720, hourly(720, |hour| Some(steps(hour, &slow)))),
        (
            "latency_p95 <checkout> & \"search\" over thirty days",
            720,
            hourly(720, |hour| known(hour).then(|| steps(hour, &slow))),
        ),
        ("latency_p99", 720, hourly(720, |hour| Some(steps(hour, &bad)))),
        ("events", 720, hourly(720, |hour| Some(steps(hour, &awful)))),
        ("crash_free_sessions", 720, Vec::new()),
        ("new", 720, hourly(720, |hour| (hour >= 719.0).then_some(1.0))),
        ("six hours", 6, hourly(6, |hour| Some(1.0 - hour * 0.16))),
        (
            "two days, silent since yesterday",
            48,
            hourly(48, |hour| (hour < 30.0).then(|| steps(hour, &[(20.0, 1.02)]))),
        ),
        ("thinned", 10_000, hourly(10_000, |hour| Some(0.4 + 0.3 * (hour / 90.0).sin() + 0.2 * (hour * 1.7).cos()))),
    ]
}

fn chart((title, hours, points): &Sample, look: Look) -> Burndown<'_> {
    let remaining = points.last().and_then(|point| point.remaining_ratio);
    Burndown { title, from: start(), to: start().plus(Span::hours(*hours)), points, remaining, look }
}

fn main() -> io::Result<()> {
    let folder =
        env::args().nth(1).map(PathBuf::from).ok_or_else(|| io::Error::other("name a folder to write into"))?;
    fs::create_dir_all(&folder)?;
    let samples = samples();
    let standalone: Vec<_> = samples.iter().map(|sample| chart(sample, Look::Standalone)).collect();
    fs::write(folder.join("all.svg"), burndowns(&standalone))?;
    fs::write(folder.join("one.svg"), burndowns(&standalone[..1]))?;
    fs::write(folder.join("none.svg"), burndowns(&[]))?;
    let inline: Vec<_> = samples.iter().map(|sample| burndown(&chart(sample, Look::Inline))).collect();
    let inline = inline.join("</section><section>");
    let style = format!("{}{}", include_str!("page.css"), include_str!("../templates/burndown.css"));
    fs::write(folder.join("page.css"), style)?;
    fs::write(folder.join("page.html"), format!("{}<section>{inline}</section>", include_str!("page.html")))
}
