//! For people: what is wrong first, then every key, its value and where that comes from, and what it means.

use std::fmt::Write as _;

use plimsoll_runtime::config::{Fallback, Listing, Setting, Source, keys};

use super::{complaints, source_word};

pub(super) fn written(listing: &Listing) -> String {
    let mut text = String::new();
    // The words are Markdown, of which only what is in backticks differs from plain text.
    let mut say = |line: &str| writeln!(text, "{}", line.replace('`', "")).expect("memory takes it");
    for complaint in complaints(listing) {
        say(&format!("wrong: {complaint}"));
    }
    let mut settings = listing.settings.iter();
    for section in keys::SECTIONS {
        say(&format!("\n{}\n", section.title));
        for setting in settings.by_ref().take(section.keys.len()) {
            describe(setting, &mut say);
        }
    }
    say("\nVariables of the command line\n");
    for (variable, meaning) in keys::COMMAND_LINE {
        say(&format!("  {variable}\n      {meaning}"));
    }
    text.trim_start().to_owned()
}

fn describe(setting: &Setting, say: &mut impl FnMut(&str)) {
    let Setting { key, given, source, wrong } = setting;
    let value = match (given, key.default) {
        (Some(value), _) => format!(" = {value}  [{}]", source_word(*source)),
        (None, Fallback::Value(value)) => format!(" = {value}  [default]"),
        (None, Fallback::Words(words)) => format!("  [default: {words}]"),
    };
    say(&format!("  {}{value}", key.variable));
    if let Some(reason) = wrong {
        say(&format!("      !! {reason}"));
    }
    say(&format!("      {}", key.meaning));
    if *source != Source::Default {
        say(&format!("      Default: {}.", key.default.text()));
    }
    if !key.when.is_empty() {
        say(&format!("      When to change it: {}", lower(key.when)));
    }
}

fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
