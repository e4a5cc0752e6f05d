//! What the server has behind it when it starts: for each objective two counters, and the ratio of errors over five minutes
//! that its rules would have recorded. Loaded with `promtool`, and continued by the scrape target.
//!
//! One file of text for each block: `promtool` reads its whole input again for every block it writes.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use plimsoll_domain::time::{Span, Timestamp};

use super::rules;

/// The counters' name.
pub(crate) const COUNTER: &str = "http_requests_total";
/// The name under which rules record the ratio that the longest window is averaged from.
pub(crate) const RATIO: &str = "slo:sli_error:ratio_rate5m";
/// Seconds between samples: the usual interval of scrapes and of rules.
pub(crate) const STEP: i64 = 60;
/// As long as the longest window that reads the counters.
const COUNTED: Span = Span::days(3);
/// As long as the window of the objective.
const RECORDED: Span = Span::days(30);
/// One of the lengths that blocks may have, in hours. Longer than a server that keeps a month makes them by itself, so that it
/// has fewer to open.
const BLOCK_HOURS: i64 = 162;
const CODES: [&str; 2] = ["200", "500"];

/// The history of so many objectives, until `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    slos: u32,
    /// Seconds since 1970, a multiple of the step.
    end: i64,
}

/// What was loaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loaded {
    pub(crate) samples: u64,
    pub(crate) took: Duration,
}

/// The name of an objective.
pub(crate) fn name(slo: u32) -> String {
    format!("svc{slo}-availability")
}

impl History {
    pub(crate) fn until(end: Timestamp, slos: u32) -> Self {
        Self { slos, end: end.seconds().div_euclid(STEP) * STEP }
    }

    /// Writes everything as blocks into the folder `data`; `scratch` holds one block's text at a time.
    pub(crate) fn load(&self, scratch: &Path, data: &Path) -> anyhow::Result<Loaded> {
        let (started, mut samples) = (Instant::now(), 0);
        let (length, begin) = (BLOCK_HOURS * 3_600, self.end - RECORDED.seconds());
        let blocks = begin.div_euclid(length)..=(self.end - STEP).div_euclid(length);
        for block in blocks {
            let within = |from: i64| from.max(block * length)..self.end.min((block + 1) * length);
            let text = scratch.join("history.om");
            let mut file = BufWriter::with_capacity(1 << 20, File::create(&text)?);
            samples += self.write_counters(&mut file, within(self.end - COUNTED.seconds()))?;
            samples += self.write_ratios(&mut file, within(begin))?;
            file.write_all(b"# EOF\n")?;
            file.flush()?;
            drop(file);
            create_block(&text, data)?;
            std::fs::remove_file(text)?;
        }
        Ok(Loaded { samples, took: started.elapsed() })
    }

    fn write_counters(&self, to: &mut impl Write, seconds: Range<i64>) -> anyhow::Result<u64> {
        writeln!(to, "# TYPE http_requests counter")?;
        let mut written = 0;
        for (slo, code) in self.counters() {
            let series = series(slo, code);
            for at in steps(&seconds) {
                writeln!(to, "{series} {} {at}", self.count(slo, code, at))?;
                written += 1;
            }
        }
        Ok(written)
    }

    fn write_ratios(&self, to: &mut impl Write, seconds: Range<i64>) -> anyhow::Result<u64> {
        writeln!(to, "# TYPE {RATIO} gauge")?;
        let mut written = 0;
        for slo in 0..self.slos {
            let series = format!("{RATIO}{{{},sloth_window=\"5m\"}}", rules::selector(slo));
            for at in steps(&seconds) {
                writeln!(to, "{series} {:.9} {at}", ratio(slo, at))?;
                written += 1;
            }
        }
        Ok(written)
    }

    fn counters(&self) -> impl Iterator<Item = (u32, &'static str)> {
        (0..self.slos).flat_map(|slo| CODES.map(|code| (slo, code)))
    }

    /// Requests since the counters began: about ten a second, of which one in two thousand fails.
    fn count(&self, slo: u32, code: &str, at: i64) -> i64 {
        let seconds = at - (self.end - COUNTED.seconds());
        if code == "500" { seconds / 200 } else { seconds * (600 + i64::from(slo % 7)) / 60 }
    }

    /// What a scrape finds at `now`.
    pub(crate) fn exposed(&self, now: Timestamp) -> String {
        let mut text = format!("# TYPE {COUNTER} counter\n");
        for (slo, code) in self.counters() {
            let count = self.count(slo, code, now.seconds());
            writeln!(text, "{} {count}", series(slo, code)).expect("a string takes all that is written");
        }
        text
    }
}

/// With an `instance` of its own, so that the scrapes continue the very series that was loaded.
fn series(slo: u32, code: &str) -> String {
    format!("{COUNTER}{{job=\"svc{slo}\",instance=\"svc{slo}-0\",code=\"{code}\"}}")
}

/// One to three failures of about three thousand requests: never the same two minutes, and far below every tier.
fn ratio(slo: u32, at: i64) -> f64 {
    let chance = i64::from(slo) * 7_919 + at / STEP * 104_729;
    (1 + chance % 3) as f64 / (3_000 + chance % 97) as f64
}

fn steps(seconds: &Range<i64>) -> impl Iterator<Item = i64> + use<> {
    let steps_before = |at: i64| (at + STEP - 1).div_euclid(STEP);
    (steps_before(seconds.start)..steps_before(seconds.end)).map(|step| step * STEP)
}

fn create_block(text: &Path, data: &Path) -> anyhow::Result<()> {
    let mut promtool = Command::new("promtool");
    promtool.args(["tsdb", "create-blocks-from", "openmetrics", &format!("--max-block-duration={BLOCK_HOURS}h")]);
    let output = promtool.arg(text).arg(data).stdin(Stdio::null()).output();
    let output = output.context("promtool (Debian package prometheus) cannot be started")?;
    ensure!(output.status.success(), "promtool: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
