//! A file that `--config` reads: everything in it is a comment, but for what was given. What is secret is not written.

use std::fmt::Write as _;

use plimsoll_runtime::config::{Fallback, Key, Listing, Setting, keys};
use plimsoll_runtime::masking::MASKED;

pub(super) fn written(listing: &Listing) -> String {
    let mut text = String::from(
        "# Configuration of Plimsoll. Lines without a # differ from the default; every variable wins over its line here.\n",
    );
    let mut settings = listing.settings.iter();
    for section in keys::SECTIONS {
        write!(text, "\n\n# --- {}\n", section.title).expect("memory takes it");
        for setting in settings.by_ref().take(section.keys.len()) {
            text.push_str(&entry(setting));
        }
    }
    text
}

fn entry(setting: &Setting) -> String {
    let Setting { key, given, wrong, .. } = setting;
    let name = key.name();
    let mut text = format!("\n# {} ({})\n", key.meaning, key.variable);
    if !key.when.is_empty() {
        writeln!(text, "# When to change it: {}", key.when).expect("memory takes it");
    }
    if let Fallback::Words(words) = key.default {
        writeln!(text, "# Default: {words}.").expect("memory takes it");
    }
    let line = match (given, key.default) {
        (Some(given), _) if wrong.is_some() => {
            format!("# It {}.\n#{name} = {}", wrong.as_deref().unwrap_or_default(), value(key, given))
        }
        (Some(given), _) if given.contains(MASKED) => format!("# It is given, and not written here.\n#{name} = …"),
        (Some(given), _) => format!("{name} = {}", value(key, given)),
        (None, Fallback::Value(default)) => format!("#{name} = {}", value(key, default)),
        (None, Fallback::Words(_)) => format!("#{name} = …"),
    };
    text + &line + "\n"
}

/// Numbers and yes or no as they are, everything else in quotes. An escape of JSON is one of TOML.
fn value(key: &Key, text: &str) -> String {
    let is_bare = text.parse::<i64>().is_ok() || text.parse::<bool>().is_ok() || is_fraction(text);
    if is_bare && !key.is_secret() { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn is_fraction(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.') && text.parse::<f64>().is_ok()
}
