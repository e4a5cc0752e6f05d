//! Announced maintenance as a calendar to subscribe to (RFC 5545).
//!
//! What recurs is written out: each of its times in the next twelve months is an event of its own, in UTC. A rule with a
//! time zone was rejected. It must bring its `VTIMEZONE`, of which clients take different parts as true, and they follow
//! rules over the hours that a change of the clock skips or repeats in different ways; what is written out is, in every
//! client, exactly what the page takes to be maintenance. Who subscribes fetches anew, so the twelve months move along.

use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::time::{Span, Timestamp};

use super::announced;
use super::named::{home, names, one_line, uuid};
use crate::scene::Scene;

const AHEAD: Span = Span::days(366);
const BACK: Span = Span::days(30);
/// Most events, soonest first: some clients give up on more.
const MOST: usize = 2_000;

/// The calendar of `maintenances`, each as it is kept, with its rule: `text/calendar`.
pub(crate) fn calendar(scene: &Scene<'_>, maintenances: &[Maintenance]) -> String {
    let span = scene.now.minus(BACK)..scene.now.plus(AHEAD);
    let shown = maintenances.iter().filter_map(|held| announced::shown(held, scene.page));
    let mut events: Vec<(Timestamp, String, Event)> = Vec::new();
    for held in shown {
        if held.recurrence.is_some() {
            let each = held.occurrences(&span).into_iter();
            events.extend(each.map(|one| dated(&one, &announced::occurrence_id(&one), scene)));
        } else if span.start < held.completed_at() {
            events.push(dated(&held, held.id.as_str(), scene));
        }
    }
    events.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    events.truncate(MOST);
    let mut calendar = Calendar::empty();
    for property in about(scene) {
        calendar.append_property(property);
    }
    calendar.extend(events.into_iter().map(|(_, _, event)| event));
    calendar.to_string()
}

fn about(scene: &Scene<'_>) -> Vec<Property> {
    let name = one_line(scene.title());
    let say = |key: &str| scene.words.say_with(key, &[("name", (&name).into())]);
    let mut refresh = Property::new("REFRESH-INTERVAL", "PT1H");
    refresh.add_parameter("VALUE", "DURATION");
    vec![
        Property::new("VERSION", "2.0"),
        Property::new("PRODID", "-//Plimsoll//Status page//EN"),
        Property::new("CALSCALE", "GREGORIAN"),
        Property::new("METHOD", "PUBLISH"),
        Property::new("X-WR-CALNAME", say("calendar-title")),
        Property::new("X-WR-TIMEZONE", scene.words.zone().name()),
        refresh,
        Property::new("X-PUBLISHED-TTL", "PT1H"),
    ]
}

fn dated(held: &Maintenance, id: &str, scene: &Scene<'_>) -> (Timestamp, String, Event) {
    let title = one_line(&held.title);
    let uid = uuid(&["calendar", held.tenant.as_str(), id]);
    let mut categories = vec![scene.words.say("calendar-category")];
    categories.extend(names(scene.snapshot, &held.components));
    let mut event = Event::new();
    event
        .uid(&uid)
        .add_property("DTSTAMP", utc(announced::announced_at(held, scene.now)))
        .add_property("DTSTART", utc(held.starts_at))
        .add_property("DTEND", utc(held.ends_at))
        .sequence(u32::try_from(held.version.saturating_sub(1)).unwrap_or(u32::MAX))
        .summary(&scene.words.say_with("feed-maintenance", &[("title", (&title).into())]))
        .description(&announced::about(held, scene))
        .url(&home(scene))
        // It takes nobody's time.
        .add_property("TRANSP", "TRANSPARENT");
    event.status(EventStatus::Confirmed).categories(categories);
    (held.starts_at, uid, event.done())
}

fn utc(at: Timestamp) -> String {
    at.format("%Y%m%dT%H%M%SZ")
}
