//! Figures, instants and titles in words.
//!
//! Percentages are rounded down: what remains is never said to be more than it is.

use plimsoll_domain::time::Timestamp;

use crate::series::Facts;

/// Columns a drawn title may take at the smallest size; a wide letter takes two.
const TITLE_COLUMNS: usize = 38;

/// `63.2 %`, `0 %`, `−1,350.5 %`; only 1 itself is `100 %`.
pub(crate) fn percent(ratio: f64) -> String {
    match ratio {
        r if r >= 1.0 => "100 %".to_owned(),
        0.0 => "0 %".to_owned(),
        r if (0.0..0.001).contains(&r) => "less than 0.1 %".to_owned(),
        // The tiny term mends products such as 0.57 × 1,000 = 569.99…; it cannot lift anything to 100.
        r if r > 0.0 => format!("{:.1} %", (r * 1_000.0 + 1e-6).floor().min(999.0) / 10.0),
        r => format!("−{} %", overdrawn(r)),
    }
}

/// The same for a label, in at most 7 characters: `63 %`, `4.2 %`, `−35 %`, `−1.4k %`.
pub(crate) fn short_percent(ratio: f64) -> String {
    match ratio {
        r if r >= 0.1 => format!("{:.0} %", (r * 100.0 + 1e-6).floor().min(if r < 1.0 { 99.0 } else { 100.0 })),
        r if (0.0..0.001).contains(&r) && r > 0.0 => "<0.1 %".to_owned(),
        r if r >= 0.0 => percent(r),
        r => format!("−{} %", short_magnitude(-r * 100.0)),
    }
}

fn short_magnitude(percent: f64) -> String {
    for (unit, size) in [("", 1.0), ("k", 1e3), ("M", 1e6)] {
        let tenths = (percent / size * 10.0 - 1e-6).ceil();
        let whole = (percent / size - 1e-6).ceil();
        if tenths < 100.0 {
            return format!("{}{unit}", tenths / 10.0);
        }
        if whole < 1_000.0 {
            return format!("{whole}{unit}");
        }
    }
    // Nothing that is measured gets here: a budget of one event in a hundred million, all spent on failures.
    "999M".to_owned()
}

/// By how many percent a budget is overdrawn, rounded up, with commas: `35.2`, `49,900`.
fn overdrawn(ratio: f64) -> String {
    let tenths = (-ratio * 1_000.0 - 1e-6).ceil();
    if tenths >= 1e13 {
        return "999,999,999,999".to_owned();
    }
    let text = format!("{:.1}", tenths / 10.0);
    let (whole, tenth) = text.split_once('.').expect("written with one decimal");
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if tenth == "0" { grouped } else { format!("{grouped}.{tenth}") }
}

/// What remains, as a sentence under the title.
pub(crate) fn said(facts: Option<&Facts>) -> String {
    let Some(facts) = facts else { return "Nothing is known of this time".to_owned() };
    match facts.now {
        None if facts.last.ratio < 0.0 => {
            format!("Not known now; last: overdrawn by {} %", overdrawn(facts.last.ratio))
        }
        None => format!("Not known now; last: {}", remaining(facts.last.ratio)),
        Some(ratio) if ratio > 0.0 => format!("{} of the error budget left", percent(ratio)),
        Some(ratio) => format!("Error budget {}", remaining(ratio)),
    }
}

fn remaining(ratio: f64) -> String {
    match ratio {
        r if r > 0.0 => format!("{} left", percent(r)),
        0.0 => "used up".to_owned(),
        r => format!("used up, overdrawn by {} %", overdrawn(r)),
    }
}

/// The whole chart for somebody who does not see it.
pub(crate) fn described(facts: Option<&Facts>, from: Timestamp, to: Timestamp) -> String {
    let range = format!("The error budget from {} to {}", instant(from), instant(to));
    let Some(facts) = facts else { return format!("{range}. No data.") };
    let latest = match facts.now {
        Some(ratio) => format!("latest: {}", remaining(ratio)),
        None => format!("not known now, last known ({}): {}", instant(facts.last.at), remaining(facts.last.ratio)),
    };
    format!(
        "{range}. Start: {}; lowest ({}): {}; {latest}. {}.",
        remaining(facts.first.ratio),
        instant(facts.lowest.at),
        remaining(facts.lowest.ratio),
        gaps(facts.gaps).unwrap_or_else(|| "No gaps".to_owned()),
    )
}

/// `2 gaps without data`; `None` when there are none.
pub(crate) fn gaps(gaps: usize) -> Option<String> {
    match gaps {
        0 => None,
        1 => Some("1 gap without data".to_owned()),
        more => Some(format!("{more} gaps without data")),
    }
}

/// The stretch of time under the chart: `22 Oct 2026, 12:03 to 21 Nov 2026, 12:03 UTC`.
pub(crate) fn range(from: Timestamp, to: Timestamp) -> String {
    let pattern = if from.day() == to.day() { "%H:%M UTC" } else { "%-d %b %Y, %H:%M UTC" };
    format!("{} to {}", from.format("%-d %b %Y, %H:%M"), to.format(pattern))
}

fn instant(at: Timestamp) -> String {
    at.format("%-d %b %Y, %H:%M UTC")
}

/// A title without what no XML document may hold, and a name for what has none.
pub(crate) fn clean(title: &str) -> String {
    let unfit = |letter: char| letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}');
    let fit: String = title.chars().map(|letter| if unfit(letter) { ' ' } else { letter }).collect();
    match fit.trim() {
        "" => "Error budget".to_owned(),
        title => title.to_owned(),
    }
}

/// As much of a title as there is room for in one line.
pub(crate) fn shortened(title: &str) -> String {
    let columns = |letter: char| if letter < '\u{1100}' { 1 } else { 2 };
    if title.chars().map(columns).sum::<usize>() <= TITLE_COLUMNS {
        return title.to_owned();
    }
    let mut used = 1;
    let fits = title.chars().take_while(|letter| {
        used += columns(*letter);
        used <= TITLE_COLUMNS
    });
    format!("{}…", fits.collect::<String>().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Known;

    #[test]
    fn percentages_never_say_more_than_there_is() {
        let said = [1.0, 0.99999, 0.57, 0.6329, 0.0004, 0.0, -0.0, -0.352, -0.00001, -13.505, -499.0].map(percent);
        let want = [
            "100 %",
            "99.9 %",
            "57.0 %",
            "63.2 %",
            "less than 0.1 %",
            "0 %",
            "0 %",
            "−35.2 %",
            "−0.1 %",
            "−1,350.5 %",
            "−49,900 %",
        ];
        assert_eq!(said, want);
    }

    #[test]
    fn a_label_is_short_whatever_the_figure() {
        let said = [1.0, 0.9999, 0.632, 0.0429, 0.0004, 0.0, -0.0352, -0.352, -9.991, -13.5, -499.0].map(short_percent);
        let want = ["100 %", "99 %", "63 %", "4.2 %", "<0.1 %", "0 %", "−3.6 %", "−36 %", "−1k %", "−1.4k %", "−50k %"];
        assert_eq!(said, want);
        let mut ratio = -1e-9;
        while ratio > f64::MIN / 10.0 {
            assert!(short_percent(ratio).chars().count() <= 7, "{}", short_percent(ratio));
            ratio *= 1.7;
        }
    }

    fn facts(now: Option<f64>) -> Facts {
        let known = |text: &str, ratio| Known { at: text.parse().expect("an instant"), ratio };
        let (first, last) = (known("2026-11-01T00:00:00Z", 1.0), known("2026-11-20T00:00:00Z", 0.25));
        Facts { first, lowest: known("2026-11-09T06:30:00Z", -0.1), last, now, gaps: 2 }
    }

    #[test]
    fn the_sentence_says_what_is_left_used_up_overdrawn_or_not_known() {
        assert_eq!(said(Some(&facts(Some(0.25)))), "25.0 % of the error budget left");
        assert_eq!(said(Some(&facts(Some(0.0)))), "Error budget used up");
        assert_eq!(said(Some(&facts(Some(-0.352)))), "Error budget used up, overdrawn by 35.2 %");
        assert_eq!(said(Some(&facts(None))), "Not known now; last: 25.0 % left");
        assert_eq!(said(None), "Nothing is known of this time");
    }

    #[test]
    fn the_description_holds_every_figure_of_the_chart() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let (from, to) = (at("2026-11-01T00:00:00Z"), at("2026-11-21T12:03:00Z"));
        assert_eq!(
            described(Some(&facts(Some(0.25))), from, to),
            "The error budget from 1 Nov 2026, 00:00 UTC to 21 Nov 2026, 12:03 UTC. Start: 100 % left; lowest (9 Nov \
             2026, 06:30 UTC): used up, overdrawn by 10 %; latest: 25.0 % left. 2 gaps without data."
        );
        assert!(
            described(Some(&facts(None)), from, to)
                .contains("not known now, last known (20 Nov 2026, 00:00 UTC): 25.0 %")
        );
        assert!(described(None, from, to).ends_with("No data."));
    }

    #[test]
    fn a_title_is_cleaned_and_shortened_to_the_room_there_is() {
        assert_eq!(clean("  a\u{0}b\u{1b}c\n"), "a b c");
        assert_eq!(clean("\u{7}"), "Error budget");
        assert_eq!(shortened("availability"), "availability");
        assert_eq!(shortened(&"x".repeat(39)), format!("{}…", "x".repeat(37)));
        assert_eq!(shortened(&"船".repeat(20)), format!("{}…", "船".repeat(18)));
    }
}
