//! Every output, read back by a parser of its own format.

mod told;

use std::collections::BTreeSet;

use atom_syndication::Feed;
use icalendar::{Calendar, Component, DatePerhapsTime, EventLike};
use plimsoll_domain::incident::ComponentStatus;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::recurrence::Recurrence;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_words::{Locale, Words};
use scraper::{Html, Selector};

use crate::samples;
use crate::scene::Place;
use crate::view::stage::Stage;

/// What people write when they mean harm.
pub(crate) const EVIL: [&str; 7] = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(2)>",
    "]]><svg onload=alert(3)>",
    "[x](javascript:alert(4)) ![y](data:text/html,z)",
    "{{ 7 * 7 }} &lt;b&gt; &#0; \\, ; \\n END:VEVENT",
    "--></title></svg><iframe src=//evil.example></iframe>",
    "ZWSP\u{200b} RLO\u{202e} \u{feff} \u{fffe} \u{ffff}",
];

/// A snapshot at noon, on a host of its own, in English and by Stockholm's clocks.
pub(crate) fn stage(snapshot: StatusSnapshot) -> Stage {
    stage_at(snapshot, samples::noon())
}

/// As above, at `now`.
pub(crate) fn stage_at(snapshot: StatusSnapshot, now: Timestamp) -> Stage {
    let mut stage = Stage::at(snapshot, words("en"), now);
    stage.place = own_host();
    stage
}

pub(crate) fn own_host() -> Place {
    Place { base: String::new(), url: "https://status.example.org".to_owned(), keeps_language: false, is_copy: false }
}

/// The busy sample, of which it is known when its maintenance was announced.
pub(crate) fn busy() -> StatusSnapshot {
    let mut snapshot = samples::busy();
    for held in &mut snapshot.maintenances {
        held.announced_at = Some(at("2026-11-17T10:00:00Z"));
    }
    snapshot
}

pub(crate) fn words(tag: &str) -> Words {
    Words::new(Locale::find(tag).expect("it is built in"), "Europe/Stockholm".parse().expect("a zone"))
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// The busy sample with harm in everything that a person writes.
pub(crate) fn evil(text: &str) -> StatusSnapshot {
    let mut snapshot = busy();
    snapshot.name = text.to_owned();
    for component in &mut snapshot.components {
        component.name = text.to_owned();
        (component.group, component.description) = (Some(text.to_owned()), Some(text.to_owned()));
    }
    for incident in &mut snapshot.incidents {
        incident.title = text.to_owned();
        incident.updates.iter_mut().for_each(|update| update.body = text.to_owned());
    }
    for held in &mut snapshot.maintenances {
        (held.title, held.body) = (text.to_owned(), Some(text.to_owned()));
    }
    snapshot
}

fn weekly() -> Maintenance {
    let (tenant, id) = ("acme".parse().expect("slug"), "patches".parse().expect("slug"));
    // Two in the night in Stockholm, in summer.
    let span = at("2026-10-04T00:00:00Z")..at("2026-10-04T01:00:00Z");
    Maintenance {
        body: Some("Nodes are *restarted*, one by one; nothing is lost.\nSee https://example.org, too.".to_owned()),
        verifying: Span::minutes(30),
        recurrence: Some(Recurrence::new("FREQ=WEEKLY;BYDAY=SU", "Europe/Stockholm".parse().expect("a zone"))),
        announced_at: Some(at("2026-09-20T12:00:00Z")),
        version: 3,
        ..Maintenance::once(tenant, id, "Patches, weekly", vec!["api".parse().expect("slug")], span)
    }
}

fn parsed(calendar: &str) -> Calendar {
    calendar.parse().expect("a calendar")
}

#[test]
fn the_atom_feed_is_read_by_a_parser_and_has_what_a_validator_wants() {
    let stage = stage(busy());
    let text = super::atom(&stage.scene());
    let feed = Feed::read_from(text.as_bytes()).expect("Atom");
    assert_eq!(feed.lang.as_deref(), Some("en"));
    assert_eq!(feed.title.value, "Acme Works: incidents and maintenance");
    assert_eq!(feed.authors[0].name, "Acme Works");
    let link = |rel: &str| feed.links.iter().find(|link| link.rel == rel).map(|link| link.href.as_str());
    assert_eq!(link("self"), Some("https://status.example.org/feed.atom"));
    assert_eq!(link("alternate"), Some("https://status.example.org/"));
    assert_eq!(feed.entries.len(), 7);
    let ids: BTreeSet<_> = feed.entries.iter().map(|entry| &entry.id).collect();
    assert_eq!(ids.len(), 7);
    assert!(ids.iter().all(|id| id.starts_with("urn:uuid:")) && feed.id.starts_with("https://"));
    assert_eq!(Some(feed.updated), feed.entries.iter().map(|entry| entry.updated).max());
    assert!(feed.entries.is_sorted_by_key(|entry| std::cmp::Reverse(entry.updated)));
    assert!(feed.entries.iter().all(|entry| entry.published.expect("published") <= entry.updated));
    let noon: atom_syndication::FixedDateTime = samples::noon().to_string().parse().expect("an instant");
    assert!(feed.entries.iter().all(|entry| entry.updated <= noon), "nothing comes from the future");
    assert!(!text.contains(samples::KEY_NAME));
}

#[test]
fn an_entry_tells_the_whole_timeline_newest_first() {
    let stage = stage(busy());
    let feed = Feed::read_from(super::atom(&stage.scene()).as_bytes()).expect("Atom");
    let entry = feed.entries.iter().find(|entry| entry.title.value == "API is down").expect("the incident");
    assert_eq!(entry.links[0].href, "https://status.example.org/incidents/inc-1");
    let summary = &entry.summary.as_ref().expect("a summary").value;
    assert_eq!(
        summary,
        "Identified: A database node lost its disk. We are moving to the standby; writes are refused until then."
    );
    assert_eq!(entry.updated.to_rfc3339(), "2026-11-21T11:59:40+00:00");
    let html =
        Html::parse_fragment(entry.content.as_ref().and_then(|content| content.value.as_deref()).expect("content"));
    let texts = |selector: &str| {
        let selector = Selector::parse(selector).expect("a selector");
        html.select(&selector).map(|one| one.text().collect::<String>()).collect::<Vec<_>>()
    };
    assert_eq!(texts("strong"), ["Identified", "Investigating"]);
    assert_eq!(texts("li"), ["API: Down", "API: Down"]);
    assert_eq!(texts("p")[0], "Identified · 21 Nov 2026, 12:59 CET");
    assert_eq!(entry.categories[0].term, "API");
}

#[test]
fn an_entry_of_maintenance_says_when_it_is_and_how_far_it_has_come() {
    let stage = stage(busy());
    let feed = Feed::read_from(super::atom(&stage.scene()).as_bytes()).expect("Atom");
    let entry = |title: &str| feed.entries.iter().find(|entry| entry.title.value == title).expect("the maintenance");
    let running = entry("Maintenance: Moving uploads to new disks");
    assert_eq!(running.updated.to_rfc3339(), "2026-11-21T11:00:00+00:00");
    let summary = |of: &atom_syndication::Entry| of.summary.clone().expect("a summary").value;
    assert_eq!(summary(running), "In progress: 21 Nov 2026, 12:00 CET – 14:00 CET");
    let coming = entry("Maintenance: Certificate renewal");
    assert_eq!(coming.updated.to_rfc3339(), "2026-11-17T10:00:00+00:00");
    assert_eq!(summary(coming), "Scheduled: 24 Nov 2026, 23:00 CET – 23:30 CET");
}

#[test]
fn the_rss_feed_is_read_by_a_parser_and_has_what_a_validator_wants() {
    let stage = stage(busy());
    let text = super::rss(&stage.scene());
    let channel = rss::Channel::read_from(text.as_bytes()).expect("RSS");
    assert_eq!(channel.language(), Some("en"));
    assert_eq!(channel.link(), "https://status.example.org/");
    assert_eq!(channel.items().len(), 7);
    let own = &channel.extensions()["atom"]["link"][0];
    assert_eq!(
        (own.attrs["rel"].as_str(), own.attrs["href"].as_str()),
        ("self", "https://status.example.org/feed.rss")
    );
    let down = channel.items().iter().find(|item| item.title() == Some("API is down")).expect("the incident");
    assert_eq!(down.pub_date(), Some("Sat, 21 Nov 2026 11:52:10 +0000"));
    let guid = down.guid().expect("a guid");
    assert!(!guid.is_permalink() && guid.value().starts_with("urn:uuid:"));
    assert!(down.description().is_some_and(|html| html.starts_with("<p><strong>Identified</strong>")));
    let xml = roxmltree::Document::parse(&text).expect("XML");
    let links = xml.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2005/Atom", "link"))).count();
    assert_eq!(links, 1);
}

#[test]
fn the_json_feed_is_what_its_schema_says() {
    let schema = serde_json::from_str(include_str!("../tests/schemas/json_feed.json")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for snapshot in [busy(), samples::quiet(), evil(EVIL[0])] {
        let json = serde_json::from_str(&super::json(&stage(snapshot).scene())).expect("JSON");
        if let Err(error) = schema.validate(&json) {
            panic!("{error} at {}", error.instance_path());
        }
    }
}

#[test]
fn an_entry_is_the_same_in_each_format_at_each_address_and_in_each_language() {
    fn ids(stage: &Stage) -> Vec<String> {
        let scene = stage.scene();
        let atom = Feed::read_from(super::atom(&scene).as_bytes()).expect("Atom");
        let atom: Vec<_> = atom.entries.into_iter().map(|entry| entry.id).collect();
        let rss = rss::Channel::read_from(super::rss(&scene).as_bytes()).expect("RSS");
        let rss: Vec<_> = rss.items().iter().map(|item| item.guid().expect("a guid").value().to_owned()).collect();
        let json: serde_json::Value = serde_json::from_str(&super::json(&scene)).expect("JSON");
        let json: Vec<_> = json["items"].as_array().expect("items").iter().map(|item| item["id"].clone()).collect();
        assert!(atom == rss && json == atom);
        atom
    }
    let mut stage = stage(busy());
    let first = ids(&stage);
    stage.words = words("sv");
    stage.place = Place {
        base: "/s/acme".to_owned(),
        url: "https://other.example/s/acme".to_owned(),
        keeps_language: true,
        is_copy: false,
    };
    assert_eq!(ids(&stage), first);
    // An hour later, with another word said, the same are the same.
    let mut later = busy();
    later.as_of = later.as_of.plus(Span::hours(1));
    let said = later.incidents[0].updates[1].clone();
    later.incidents[0].updates.push(said);
    let known: BTreeSet<_> = ids(&stage_at(later, at("2026-11-21T13:03:00Z"))).into_iter().collect();
    assert_eq!(known, first.into_iter().collect());
}

#[test]
fn a_feed_does_not_move_while_nothing_happens() {
    let stage = stage(busy());
    let mut later = busy();
    later.as_of = later.as_of.plus(Span::minutes(1));
    let later = stage_at(later, samples::noon().plus(Span::minutes(1)));
    for write in [super::atom, super::rss, super::json] {
        assert_eq!(write(&stage.scene()), write(&later.scene()));
    }
    let calendar = |stage: &Stage| super::calendar(&stage.scene(), &[weekly()]);
    assert_eq!(calendar(&stage), calendar(&later));
}

#[test]
fn a_feed_without_entries_is_a_feed() {
    let mut snapshot = samples::quiet();
    snapshot.components.clear();
    let stage = stage(snapshot);
    let feed = Feed::read_from(super::atom(&stage.scene()).as_bytes()).expect("Atom");
    assert_eq!((feed.entries.len(), feed.updated.to_rfc3339().as_str()), (0, "2026-11-21T00:00:00+00:00"));
    assert_eq!(rss::Channel::read_from(super::rss(&stage.scene()).as_bytes()).expect("RSS").items().len(), 0);
    assert_eq!(parsed(&super::calendar(&stage.scene(), &[])).components.len(), 0);
}

#[test]
fn a_feed_speaks_the_readers_language() {
    let mut stage = stage(busy());
    stage.words = words("sv");
    let text = super::atom(&stage.scene());
    let feed = Feed::read_from(text.as_bytes()).expect("Atom");
    assert_eq!(feed.title.value, "Acme Works: störningar och underhåll");
    assert!(text.contains("Underhåll: Certificate renewal") && text.contains("Orsaken är känd"));
    let badge = super::badge(&stage.scene(), Some("api")).expect("a badge");
    assert!(badge.contains("API: Ligger nere"));
}

#[test]
fn what_people_write_stays_text_in_every_feed() {
    for text in EVIL {
        let stage = stage(evil(text));
        let (atom, rss) = (super::atom(&stage.scene()), super::rss(&stage.scene()));
        for xml in [&atom, &rss] {
            let parsed = roxmltree::Document::parse(xml).unwrap_or_else(|error| panic!("{text}: {error}"));
            let elements = parsed.descendants().filter(roxmltree::Node::is_element).count();
            assert!(
                !parsed.descendants().any(|node| node.has_tag_name("script") || node.has_tag_name("svg")),
                "{text}"
            );
            assert!(elements > 40, "{text}");
        }
        let feed = Feed::read_from(atom.as_bytes()).expect("Atom");
        for entry in &feed.entries {
            let html = entry.content.as_ref().and_then(|content| content.value.as_deref()).expect("content");
            harmless(html);
        }
        let channel = rss::Channel::read_from(rss.as_bytes()).expect("RSS");
        channel.items().iter().for_each(|item| harmless(item.description().expect("content")));
    }
}

/// Refuses HTML with anything but what Markdown becomes.
fn harmless(html: &str) {
    let allowed = ["html", "p", "br", "em", "strong", "del", "code", "pre", "ul", "ol", "li", "blockquote", "a"];
    let fragment = Html::parse_fragment(html);
    for element in fragment.root_element().descendent_elements() {
        assert!(allowed.contains(&element.value().name()), "{html}");
        for (name, value) in element.value().attrs() {
            assert!(matches!(name, "href" | "rel" | "start") && !value.contains("javascript"), "{html}");
        }
    }
}

#[test]
fn the_calendar_has_each_time_of_what_recurs_as_the_clock_of_its_zone_has_it() {
    let stage = stage_at(busy(), at("2026-10-20T12:00:00Z"));
    let text = super::calendar(&stage.scene(), &[weekly()]);
    let calendar = parsed(&text);
    let events: Vec<_> = calendar.components.iter().filter_map(|one| one.as_event()).collect();
    // Three that were, and those of 366 days.
    assert_eq!(events.len(), 3 + 52);
    let uids: BTreeSet<_> = events.iter().map(|event| event.get_uid().expect("a UID")).collect();
    assert_eq!(uids.len(), events.len());
    let starts: Vec<_> = events.iter().map(|event| utc(event.get_start())).collect();
    // Summer ends on 25 October and begins on 28 March: two in the night it stays.
    assert_eq!(starts[2..5], ["2026-10-18T00:00:00", "2026-10-25T00:00:00", "2026-11-01T01:00:00"]);
    assert!(starts.contains(&"2027-03-21T01:00:00".to_owned()) && starts.contains(&"2027-04-04T00:00:00".to_owned()));
    assert!(!text.contains("RRULE") && !text.contains("RECURRENCE-ID") && !text.contains("TZID"));
}

fn utc(at: Option<DatePerhapsTime>) -> String {
    match at {
        Some(DatePerhapsTime::DateTime(icalendar::CalendarDateTime::Utc(at))) => {
            at.format("%Y-%m-%dT%H:%M:%S").to_string()
        }
        other => panic!("not in UTC: {other:?}"),
    }
}

#[test]
fn an_event_has_all_that_a_calendar_shows() {
    let stage = stage(busy());
    let once = Maintenance {
        recurrence: None,
        starts_at: at("2026-12-24T08:00:00Z"),
        ends_at: at("2026-12-24T09:30:00Z"),
        ..weekly()
    };
    let text = super::calendar(&stage.scene(), std::slice::from_ref(&once));
    let calendar = parsed(&text);
    let event = calendar.components[0].as_event().expect("an event");
    assert_eq!(
        (utc(event.get_start()), utc(event.get_end())),
        ("2026-12-24T08:00:00".into(), "2026-12-24T09:30:00".into())
    );
    assert_eq!(event.get_summary(), Some("Maintenance: Patches, weekly"));
    assert_eq!((event.get_sequence(), event.property_value("STATUS")), (Some(2), Some("CONFIRMED")));
    assert_eq!(event.get_categories().expect("categories"), ["Maintenance", "API"]);
    assert_eq!(event.get_timestamp().expect("a stamp").to_rfc3339(), "2026-09-20T12:00:00+00:00");
    let says = event.get_description().expect("a description");
    assert!(says.starts_with(
        "Nodes are restarted, one by one; nothing is lost.\nSee https://example.org, too.\n\nAffects: API"
    ));
    assert!(says.ends_with("it is looked over for 30 minutes."));
    assert!(text.ends_with("\r\n") && text.lines().all(|line| line.len() <= 75), "folded");
    assert!(text.split("\r\n").all(|line| !line.contains(['\r', '\n'])));
    // Moved by a day, it is the same event of a later version.
    let moved =
        Maintenance { starts_at: at("2026-12-25T08:00:00Z"), ends_at: at("2026-12-25T09:30:00Z"), version: 4, ..once };
    let again = parsed(&super::calendar(&stage.scene(), &[moved]));
    let again = again.components[0].as_event().expect("an event");
    assert_eq!((again.get_uid(), again.get_sequence()), (event.get_uid(), Some(3)));
}

#[test]
fn the_calendar_hides_what_the_page_hides_and_forgets_what_is_long_over() {
    let mut stage = stage(busy());
    let over = Maintenance {
        recurrence: None,
        starts_at: at("2026-10-01T08:00:00Z"),
        ends_at: at("2026-10-01T09:00:00Z"),
        ..weekly()
    };
    assert!(parsed(&super::calendar(&stage.scene(), &[over])).components.is_empty());
    let both = Maintenance { components: vec!["api".parse().expect("slug"), "web".parse().expect("slug")], ..weekly() };
    stage.page.arrangement.hidden.insert("api".parse().expect("slug"));
    let text = super::calendar(&stage.scene(), &[weekly()]);
    assert!(parsed(&text).components.is_empty());
    let text = super::calendar(&stage.scene(), &[both]);
    assert!(text.contains("CATEGORIES:Maintenance,Web application\r\n"));
}

#[test]
fn what_people_write_breaks_out_of_no_event() {
    for text in EVIL {
        let mut snapshot = evil(text);
        snapshot.maintenances.truncate(1);
        let mut held = snapshot.maintenances[0].clone();
        held.title = format!("{text}\r\nEND:VEVENT\r\nBEGIN:VEVENT");
        let stage = stage(snapshot);
        let written = super::calendar(&stage.scene(), &[held]);
        let calendar = parsed(&written);
        assert_eq!(calendar.components.len(), 1, "{text}");
        assert_eq!(written.matches("\r\nEND:VEVENT").count(), 1, "{text}");
        let summary = calendar.components[0].as_event().and_then(|event| event.get_summary().map(str::to_owned));
        assert!(summary.expect("a summary").ends_with("END:VEVENT BEGIN:VEVENT"));
    }
}

#[test]
fn a_badge_is_a_picture_that_says_what_it_shows() {
    let stage = stage(busy());
    let badge = super::badge(&stage.scene(), Some("api")).expect("a badge");
    let svg = roxmltree::Document::parse(&badge).expect("XML");
    let root = svg.root_element();
    assert_eq!((root.attribute("role"), root.attribute("aria-label")), (Some("img"), Some("API: Down")));
    let title = root.children().find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")));
    assert_eq!(title.and_then(|title| title.text()), Some("API: Down"));
    let whole = super::badge(&stage.scene(), None).expect("a badge");
    assert!(whole.contains("Acme Works: Partial outage"));
    assert_eq!(super::badge(&stage.scene(), Some("nothing")), None);
    let overdue = stage_at(samples::quiet(), at("2026-11-21T13:00:00Z"));
    assert!(super::badge(&overdue.scene(), None).expect("a badge").contains("Acme Works: Not known"));
}

#[test]
fn a_badge_fetches_and_runs_nothing_whatever_it_is_called() {
    let allowed = ["svg", "title", "rect", "path", "g", "text"];
    for text in EVIL {
        let mut snapshot = evil(text);
        snapshot.components[0].status = ComponentStatus::Unknown;
        let stage = stage(snapshot);
        for component in [None, Some("api")] {
            let badge = super::badge(&stage.scene(), component).expect("a badge");
            let svg = roxmltree::Document::parse(&badge).unwrap_or_else(|error| panic!("{text}: {error}"));
            for node in svg.descendants().filter(roxmltree::Node::is_element) {
                assert!(allowed.contains(&node.tag_name().name()), "{badge}");
                let runs =
                    |name: &str| name.starts_with("on") || name.ends_with("href") || matches!(name, "style" | "class");
                assert!(!node.attributes().any(|attribute| runs(attribute.name())), "{badge}");
            }
        }
    }
}
