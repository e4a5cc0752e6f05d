//! Days in words: 90 bars of each of 50 components are 4,500 sentences, nearly all of which are alike. Each is said once.

use std::collections::HashMap;

use plimsoll_domain::incident::ComponentStatus;
use plimsoll_domain::page::DayFigure;
use plimsoll_domain::time::Day;
use plimsoll_words::Words;

use super::tone;

/// One day as a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// The class of its status.
    pub(crate) tone: &'static str,
    /// `Sat 21 Nov 2026: Operational, 99.98 % up, 97 % known`.
    pub(crate) label: String,
}

/// One day as a row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DayRow {
    /// `2026-11-21`.
    pub(crate) iso: String,
    /// `Sat 21 Nov 2026`.
    pub(crate) date: String,
    /// The class of its status.
    pub(crate) tone: &'static str,
    /// The day in words.
    pub(crate) status: String,
    /// `99.98 %`; `None` when nothing counts.
    pub(crate) uptime: Option<String>,
    /// `97 % known`.
    pub(crate) known: String,
}

/// What was said already.
pub(crate) struct Days {
    words: Words,
    dates: HashMap<Day, String>,
    figures: HashMap<(ComponentStatus, Option<u64>, u64), String>,
}

impl Days {
    /// Nothing yet.
    pub(crate) fn new(words: Words) -> Self {
        Self { words, dates: HashMap::new(), figures: HashMap::new() }
    }

    /// The bar of `day`.
    pub(crate) fn bar(&mut self, day: &DayFigure) -> Bar {
        let words = self.words;
        let date = self.dates.entry(day.date).or_insert_with(|| words.day(day.date));
        let key = (day.status, day.uptime.map(f64::to_bits), day.coverage.to_bits());
        let figures = self.figures.entry(key).or_insert_with(|| figures(day, &words));
        Bar { tone: tone::of_status(day.status), label: format!("{date}: {figures}") }
    }
}

impl DayRow {
    /// The row of `day`.
    pub(crate) fn of(day: &DayFigure, words: &Words) -> Self {
        Self {
            iso: day.date.date().to_string(),
            date: words.day(day.date),
            tone: tone::of_status(day.status),
            status: words.day_status(day.status),
            uptime: day.uptime.map(|ratio| words.percent(ratio)),
            known: words.known(day.coverage),
        }
    }
}

fn figures(day: &DayFigure, words: &Words) -> String {
    let (status, known) = (words.day_status(day.status), words.known(day.coverage));
    let mut args = vec![("status", (&status).into()), ("known", (&known).into())];
    let uptime = day.uptime.map(|ratio| words.percent(ratio));
    if let Some(uptime) = &uptime {
        args.push(("uptime", uptime.into()));
        return words.say_with("bar", &args);
    }
    // A day of maintenance alone is known, and counts for nothing.
    words.say_with(if day.coverage > 0.0 { "bar-outside" } else { "bar-unknown" }, &args)
}
