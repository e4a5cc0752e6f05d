//! Time windows.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use plimsoll_domain::invalid::Faults;
use plimsoll_domain::slo::{CalendarUnit, Window};

use crate::document::START_TIME;
use crate::duration::{Duration, span_of};
use crate::read::node::{Fields, Node, note};

/// Reads `timeWindow`.
pub(super) fn read(node: &Node<'_>, faults: &mut Faults) -> Option<Window> {
    let window = node.only_item(" window", faults)?.fields(&["duration", "isRolling", "calendar"], faults)?;
    let duration = window.required("duration", "a duration such as 30d", faults);
    let calendar = window.optional("calendar");
    let is_rolling = match window.optional("isRolling") {
        Some(node) => node.boolean(faults)?,
        None => calendar.is_none(),
    };
    match (is_rolling, calendar) {
        (true, None) => duration?.parse(span_of, faults).map(Window::Rolling),
        (false, Some(calendar)) => aligned(duration.as_ref(), &calendar, faults),
        (true, Some(calendar)) => {
            note(faults, &calendar.pointer, "expected no calendar: the window is rolling");
            None
        }
        (false, None) => {
            note(faults, &window.pointer_of("calendar"), "expected a calendar: the window is not rolling");
            None
        }
    }
}

fn aligned(duration: Option<&Node<'_>>, calendar: &Node<'_>, faults: &mut Faults) -> Option<Window> {
    let unit = duration.and_then(|node| node.parse(unit_of, faults));
    let fields = calendar.fields(&["startTime", "timeZone"], faults)?;
    let zone = fields.required("timeZone", "a time zone such as Europe/Stockholm", faults);
    let zone = zone.and_then(|node| node.parse(str::parse, faults));
    check_start(&fields, unit, faults)?;
    Some(Window::Calendar(unit?, zone?))
}

fn unit_of(text: &str) -> Result<CalendarUnit, String> {
    let Duration { number, unit } = Duration::parse(text)?;
    match (number, unit) {
        (1, 'w') | (7, 'd') => Ok(CalendarUnit::Week),
        (1, 'M') => Ok(CalendarUnit::Month),
        (1, 'Q') | (3, 'M') => Ok(CalendarUnit::Quarter),
        _ => Err(format!("expected a week (1w), a month (1M) or a quarter (1Q) of a calendar, got {text:?}")),
    }
}

/// The start must be that of a period: weeks from Wednesday noon are nobody's calendar here.
fn check_start(calendar: &Fields<'_>, unit: Option<CalendarUnit>, faults: &mut Faults) -> Option<()> {
    let node = calendar.required("startTime", "a time such as 2024-01-01 00:00:00", faults)?;
    let time = |text: &str| {
        let wrong = |_| format!("expected a time such as 2024-01-01 00:00:00, got {text:?}");
        NaiveDateTime::parse_from_str(text, START_TIME).map_err(wrong)
    };
    let start = node.parse(time, faults)?;
    let (starts, expected) = match unit? {
        CalendarUnit::Week => (start.weekday() == Weekday::Mon, "a Monday"),
        CalendarUnit::Month => (start.day() == 1, "the first of a month"),
        CalendarUnit::Quarter => (is_first_of_quarter(start.date()), "the first of January, April, July or October"),
    };
    let starts = starts && start.time() == NaiveTime::MIN;
    faults.require(starts, &node.pointer, || format!("expected {expected} at 00:00:00, got {start}"));
    starts.then_some(())
}

fn is_first_of_quarter(date: NaiveDate) -> bool {
    date.day() == 1 && date.month0().is_multiple_of(3)
}
