//! Figures as a reader writes them: floored, with the language's decimal sign and plurals.
//!
//! Percentages are floored: 99.999 % must never read 100 %. What is overdrawn is rounded up, for the same reason.

use plimsoll_domain::slo::{CalendarUnit, Window};

use crate::words::Words;

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// Mends products such as 0.57 × 100 = 56.99…; it is too small to lift anything over the next step.
const MEND: f64 = 1e-6;

impl Words {
    /// A ratio as a floored percentage with two decimals, `99.98 %`; only 1 itself is `100 %`. A no-break space stands
    /// before the sign.
    pub fn percent(&self, ratio: f64) -> String {
        if ratio >= 1.0 {
            return self.share("100");
        }
        let hundredths = (ratio.max(0.0) * 10_000.0 + MEND).floor().min(9_999.0);
        self.share(&format!("{:.2}", hundredths / 100.0))
    }

    /// What is promised: as many decimals as it was promised with.
    pub fn promised(&self, objective: f64) -> String {
        let text = format!("{:.8}", objective * 100.0);
        self.share(text.trim_end_matches('0').trim_end_matches('.'))
    }

    /// What remains of an error budget, in one clause: `62.3 % left`, or how far it is overdrawn. `None`: not known.
    pub fn remaining(&self, ratio: Option<f64>) -> String {
        let tenths = |ratio: f64| self.share(&((ratio * 1_000.0 + MEND).floor() / 10.0).to_string());
        let beyond = |ratio: f64| self.share(&(-(ratio * 1_000.0 + MEND).floor() / 10.0).to_string());
        let with = |key: &str, share: String| self.say_with(key, &[("share", (&share).into())]);
        match ratio.filter(|ratio| !ratio.is_nan()) {
            None => self.say("remaining-unknown"),
            Some(ratio) if ratio < 0.0 => with("remaining-overdrawn", beyond(ratio)),
            Some(ratio) if ratio <= 0.0 => self.say("remaining-nothing"),
            Some(ratio) if ratio < 0.001 => with("remaining-hardly", self.share("0.1")),
            Some(ratio) => with("remaining", tenths(ratio.min(1.0))),
        }
    }

    /// How much of something is known: whole per cent, floored.
    pub fn known(&self, coverage: f64) -> String {
        let with = |key: &str, figure: &str| self.say_with(key, &[("share", (&self.share(figure)).into())]);
        match coverage {
            c if c >= 1.0 => with("known", "100"),
            c if c >= 0.01 => with("known", &format!("{:.0}", (c * 100.0 + MEND).floor().min(99.0))),
            c if c > 0.0 => with("known-hardly", "1"),
            _ => self.say("known-nothing"),
        }
    }

    /// Whole minutes as a length of time in its two largest units: `4 minutes`, `3 hours 5 minutes`, `2 days 3 hours`.
    pub fn duration(&self, minutes: i64) -> String {
        let unit = |key: &str, count: i64| self.say_with(key, &[("count", count.into())]);
        let (large, small) = match minutes {
            m if m < 1 => return self.say("duration-moment"),
            m if m < HOUR => return unit("duration-minutes", m),
            m if m < DAY => (unit("duration-hours", m / HOUR), ("duration-minutes", m % HOUR)),
            m => (unit("duration-days", m / DAY), ("duration-hours", m % DAY / HOUR)),
        };
        if small.1 == 0 {
            return large;
        }
        let small = unit(small.0, small.1);
        self.say_with("duration-joined", &[("large", (&large).into()), ("small", (&small).into())])
    }

    /// Over which time something is promised: `over 30 days`, `over the present month (Europe/Stockholm)`.
    pub fn window(&self, window: Window) -> String {
        let (unit, zone) = match window {
            Window::Rolling(span) => {
                let length = self.duration(span.seconds() / 60);
                return self.say_with("window-rolling", &[("length", (&length).into())]);
            }
            Window::Calendar(unit, zone) => (unit, zone),
        };
        let key = match unit {
            CalendarUnit::Week => "window-week",
            CalendarUnit::Month => "window-month",
            CalendarUnit::Quarter => "window-quarter",
        };
        self.say_with(key, &[("zone", zone.name().into())])
    }

    /// A figure written with a point, as a percentage.
    fn share(&self, figure: &str) -> String {
        let number = figure.replace('.', &self.say("decimal-separator"));
        self.say_with("percent", &[("number", (&number).into())])
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::Locale;

    /// What is said in a language; the no-break space as a plain one.
    fn said(tag: &str, say: impl Fn(&Words) -> String) -> String {
        say(&Words::new(Locale::find(tag).expect("it is built in"), Tz::UTC)).replace('\u{a0}', " ")
    }

    fn en(say: impl Fn(&Words) -> String) -> String {
        said("en", say)
    }

    fn sv(say: impl Fn(&Words) -> String) -> String {
        said("sv", say)
    }

    #[test]
    fn a_percentage_is_floored_and_only_everything_is_a_hundred() {
        let ratios = [1.0, 0.999_999_999_999, 0.999_99, 0.57, 0.0, -0.5, f64::NAN];
        let want = ["100 %", "99.99 %", "99.99 %", "57.00 %", "0.00 %", "0.00 %", "0.00 %"];
        assert_eq!(ratios.map(|ratio| en(|words| words.percent(ratio))), want);
        assert_eq!(sv(|words| words.percent(0.999_85)), "99,98 %");
    }

    #[test]
    fn a_percentage_never_breaks_before_its_sign() {
        assert_eq!(Words::new(Locale::english(), Tz::UTC).percent(1.0), "100\u{a0}%");
    }

    #[test]
    fn what_is_known_is_floored_too() {
        let ratios = [1.0, 0.999, 0.01, 0.004, 0.0, f64::NAN];
        let want = ["100 % known", "99 % known", "1 % known", "under 1 % known", "nothing known", "nothing known"];
        assert_eq!(ratios.map(|ratio| en(|words| words.known(ratio))), want);
        assert_eq!([0.999, 0.004].map(|ratio| sv(|words| words.known(ratio))), ["99 % känt", "under 1 % känt"]);
    }

    #[test]
    fn a_promise_keeps_its_decimals_and_names_its_time() {
        let promised = [0.9, 0.99, 0.999, 0.9995, 0.999_999].map(|objective| en(|words| words.promised(objective)));
        assert_eq!(promised, ["90 %", "99 %", "99.9 %", "99.95 %", "99.9999 %"]);
        assert_eq!(sv(|words| words.promised(0.9995)), "99,95 %");
        let over = |tag, text: &str| said(tag, |words| words.window(text.parse().expect("a window")));
        assert_eq!(over("en", "30d"), "over 30 days");
        assert_eq!(over("en", "month Europe/Stockholm"), "over the present month (Europe/Stockholm)");
        assert_eq!(over("sv", "30d"), "sett över 30 dagar");
        assert_eq!(over("sv", "quarter Europe/Stockholm"), "sett över innevarande kvartal (Europe/Stockholm)");
    }

    #[test]
    fn what_remains_is_floored_and_what_is_overdrawn_is_not_made_less() {
        let ratios = [1.0, 0.57, 0.623, 0.0004, 0.0, -0.0004, -0.4, -498.9];
        let want = [
            "100 % left",
            "57 % left",
            "62.3 % left",
            "Less than 0.1 % left",
            "Used up",
            "Used up, overdrawn by 0.1 %",
            "Used up, overdrawn by 40 %",
            "Used up, overdrawn by 49890 %",
        ];
        assert_eq!(ratios.map(|ratio| en(|words| words.remaining(Some(ratio)))), want);
        assert_eq!([None, Some(f64::NAN)].map(|ratio| en(|words| words.remaining(ratio))), ["Not known", "Not known"]);
        let swedish = [0.623, 0.0004, -0.413].map(|ratio| sv(|words| words.remaining(Some(ratio))));
        assert_eq!(swedish, ["62,3 % kvar", "Mindre än 0,1 % kvar", "Förbrukad, överskriden med 41,3 %"]);
    }

    #[test]
    fn a_length_of_time_is_told_in_its_two_largest_units() {
        let minutes = [-1, 0, 1, 60, 185, 1_440 * 2 + 60];
        let want =
            ["less than a minute", "less than a minute", "1 minute", "1 hour", "3 hours 5 minutes", "2 days 1 hour"];
        assert_eq!(minutes.map(|minutes| en(|words| words.duration(minutes))), want);
        let want = ["1 minut", "3 timmar 5 minuter", "2 dagar 1 timme"];
        assert_eq!([1, 185, 1_440 * 2 + 60].map(|minutes| sv(|words| words.duration(minutes))), want);
    }
}
