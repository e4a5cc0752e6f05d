//! Every template with samples, in every language, read back by a parser.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, HeaderValue};
use chrono_tz::Tz;
use plimsoll_domain::page::{Link, LogoKind, LogoRef};
use plimsoll_domain::report::{ComponentMonth, IncidentLine, MaintenanceLine, Month, MonthlyReport};
use plimsoll_domain::time::Timestamp;
use scraper::{ElementRef, Html, Selector};

use super::{HistoryMonth, ManageForm, PageParts, SubscribeForm};
use crate::assets::REFRESH;
use crate::feeds::tests::{EVIL, evil};
use crate::respond::Rendered;
use crate::samples;
use crate::view::stage::{Stage, english, swedish};

fn html(page: &Rendered) -> String {
    String::from_utf8(page.bytes().to_vec()).expect("UTF-8")
}

fn pick<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).expect("a selector")).collect()
}

fn texts(page: &Html, selector: &str) -> Vec<String> {
    pick(page, selector).iter().map(text).collect()
}

fn text(element: &ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn month(stage: &Stage) -> HistoryMonth {
    let month: Month = "2026-11".parse().expect("a month");
    let (incidents, maintenances) = (stage.snapshot.incidents.clone(), stage.snapshot.maintenances.clone());
    let (older, newer) = (Some(month.previous()), Some(month.next()));
    HistoryMonth { month, incidents, maintenances, older, newer, partial: true }
}

fn wrong_form(stage: &Stage) -> SubscribeForm {
    SubscribeForm {
        kind: "webhook".to_owned(),
        address: stage.snapshot.name.clone(),
        faults: ["kind", "address", "components", "events"]
            .map(|field| (field, "fault-url"))
            .into_iter()
            .chain([("form", "fault-busy")])
            .collect(),
        ..SubscribeForm::default()
    }
}

fn report(stage: &Stage) -> MonthlyReport {
    let component = ComponentMonth {
        id: "api".parse().expect("slug"),
        name: stage.snapshot.components[1].name.clone(),
        group: Some(stage.snapshot.name.clone()),
        uptime: Some(0.998),
        coverage: 0.97,
        down_minutes: 12.5,
        degraded_minutes: 0.5,
        maintenance_minutes: 0.0,
    };
    let incident = &stage.snapshot.incidents[0];
    let maintenance = &stage.snapshot.maintenances[0];
    MonthlyReport {
        tenant: stage.snapshot.tenant.clone(),
        name: stage.snapshot.name.clone(),
        month: "2026-11".parse().expect("a month"),
        made_at: samples::noon(),
        components: vec![component],
        slos: Vec::new(),
        incidents: vec![IncidentLine {
            id: incident.id.clone(),
            title: incident.title.clone(),
            impact: incident.impact,
            started_at: incident.started_at(),
            resolved_at: None,
        }],
        maintenances: vec![MaintenanceLine {
            id: maintenance.id.clone(),
            title: maintenance.title.clone(),
            starts_at: maintenance.starts_at,
            ends_at: maintenance.ends_at,
        }],
    }
}

/// Every page there is, by name.
fn every(stage: &Stage) -> Vec<(&'static str, String)> {
    let scene = stage.scene();
    let parts = PageParts::from(&scene);
    let (page, name, words, place) = (parts.page, parts.name, parts.words, parts.place);
    let manage = ManageForm {
        address: name.to_owned(),
        saved: true,
        unsubscribe_href: "/u".to_owned(),
        ..ManageForm::default()
    };
    let done = SubscribeForm { done: true, ..SubscribeForm::default() };
    let incident = |number: usize| super::incident(&scene, &scene.snapshot.incidents[number]);
    let pages = [
        ("overview", super::overview(&scene)),
        ("incidents", super::incidents(&scene)),
        ("open incident", incident(0)),
        ("postmortem", incident(3)),
        ("component", super::component(&scene, &scene.snapshot.components[1])),
        ("bare component", super::component(&scene, &scene.snapshot.components[0])),
        ("history", super::history(&scene, &month(stage))),
        ("subscribe", super::subscribe(&scene, &SubscribeForm::default())),
        ("subscribe wrongly", super::subscribe(&scene, &wrong_form(stage))),
        ("subscribed", super::subscribe(&scene, &done)),
        ("confirm", super::confirm_ask(&parts, name)),
        ("confirmed", super::confirmed(&parts, "/m", Some("whsec_x"))),
        ("unsubscribe", super::unsubscribe_ask(&parts, name)),
        ("unsubscribed", super::unsubscribed(&parts)),
        ("unknown link", super::link_unknown(&parts)),
        ("manage", super::manage(&parts, Some(scene.snapshot), &manage)),
        ("no samples", super::no_samples(page, name, words, place)),
        ("login", super::login(place, words, true)),
        ("not found", super::not_found(words, Some("/login"))),
        ("missing", super::missing(&parts)),
        ("unavailable", super::unavailable(words)),
    ];
    let mut pages: Vec<_> = pages.into_iter().map(|(name, page)| (name, html(&page))).collect();
    pages.push(("report", super::report(&report(stage), page, words)));
    pages
}

/// The rich sample under a page of which everything is settled.
fn settled(mut stage: Stage) -> Stage {
    let look = &mut stage.page.look;
    look.title = Some("Acme status".to_owned());
    look.header = Some("# Help\nSee **support**.".to_owned());
    look.links = vec![Link { label: "Support".to_owned(), url: "https://example.org/?a=1&b=2".to_owned() }];
    look.colour = Some("#7a2e8e".parse().expect("a colour"));
    stage.page.logo = Some(LogoRef { kind: LogoKind::Png, hash: "abc".to_owned(), width: 64, height: 32 });
    stage
}

/// What holds for every page, whatever stands on it.
fn assert_sound(name: &str, html: &str) {
    let page = Html::parse_document(html);
    assert_eq!(pick(&page, "h1").len(), 1, "{name}");
    assert_eq!(pick(&page, "main#content").len(), 1, "{name}");
    assert!(texts(&page, "title").iter().all(|title| !title.is_empty()), "{name}");
    for script in pick(&page, "script") {
        assert_eq!(script.text().collect::<String>(), REFRESH.text, "{name}");
    }
    let mut ids = BTreeSet::new();
    let mut level = 0;
    for element in page.root_element().descendent_elements() {
        for (attribute, value) in element.value().attrs() {
            assert!(attribute != "style" && !attribute.starts_with("on"), "{name}: {attribute}");
            assert!(attribute != "id" || ids.insert(value.to_owned()), "{name}: {value} stands twice");
            let leads = ["href", "src", "action"].contains(&attribute);
            let is_ours =
                ["/", "#", "?", "http://", "https://", "mailto:"].iter().any(|begin| value.starts_with(begin));
            assert!(!leads || is_ours, "{name}: {attribute}={value}");
        }
        let tag = element.value().name();
        assert!(!["iframe", "style", "object", "embed", "base"].contains(&tag), "{name}: {tag}");
        if let Some(next) = tag.strip_prefix('h').and_then(|rest| rest.parse::<u8>().ok()) {
            assert!(next <= level + 1, "{name}: <{tag}> follows a heading of level {level}: {}", text(&element));
            level = next;
        }
    }
    for element in pick(&page, "[aria-labelledby], [aria-describedby]") {
        let named = ["aria-labelledby", "aria-describedby"].iter().filter_map(|name| element.attr(name));
        for id in named.flat_map(str::split_whitespace) {
            assert!(ids.contains(id), "{name}: there is no #{id}");
        }
    }
}

#[test]
fn every_page_is_sound_in_every_language() {
    for words in [english(), swedish()] {
        for snapshot in [samples::rich(), samples::long()] {
            let stage = settled(Stage::at(snapshot, words, samples::noon()));
            for (name, html) in every(&stage) {
                assert_sound(name, &html);
                let page = Html::parse_document(&html);
                let root = page.root_element();
                assert_eq!((root.attr("lang"), root.attr("dir")), (Some(words.locale().tag()), Some("ltr")), "{name}");
                assert!(!html.contains(samples::KEY_NAME), "{name}");
            }
        }
    }
}

#[test]
fn what_people_write_stays_text() {
    for harm in EVIL {
        let mut stage = settled(Stage::english(evil(harm)));
        let look = &mut stage.page.look;
        (look.title, look.header) = (Some(harm.to_owned()), Some(harm.to_owned()));
        look.links[0].label = harm.to_owned();
        for (name, html) in every(&stage) {
            assert_sound(name, &html);
            let page = Html::parse_document(&html);
            assert!(pick(&page, "img:not(.owner img), svg[onload]").is_empty(), "{name}: {harm}");
            assert!(!html.contains("javascript:alert(4)\""), "{name}");
        }
    }
}

#[test]
fn a_page_wears_what_its_tenant_settled() {
    let page = html(&super::overview(&settled(Stage::english(samples::rich())).scene()));
    let page = Html::parse_document(&page);
    let logo = pick(&page, ".owner img")[0];
    let attributes = ["src", "alt", "width", "height"].map(|name| logo.attr(name));
    assert_eq!(attributes, [Some("/s/acme/logo/abc.png"), Some("Acme status logo"), Some("64"), Some("32")]);
    assert_eq!(texts(&page, ".owner, .intro .text, .intro a"), ["Acme status", "Help See support.", "Support"]);
    assert_eq!(pick(&page, ".intro a")[0].attr("href"), Some("https://example.org/?a=1&b=2"));
    let sheets: Vec<_> = pick(&page, "link[rel=stylesheet]").iter().filter_map(|link| link.attr("href")).collect();
    assert!(sheets[0].starts_with("/assets/site.") && sheets[1].starts_with("/s/acme/look."), "{sheets:?}");
}

#[test]
fn instants_are_told_in_the_zone_and_bars_say_that_they_are_not() {
    let mut stage = Stage::english(samples::rich());
    let notes = |stage: &Stage| texts(&Html::parse_document(&html(&super::overview(&stage.scene()))), ".legend p");
    assert!(notes(&stage).is_empty());
    stage.zone(Tz::Europe__Stockholm);
    assert_eq!(notes(&stage), ["Each bar is a day of UTC."]);
    let page = html(&super::overview(&stage.scene()));
    let page = Html::parse_document(&page);
    let began = pick(&page, "#incident-inc-1 .facts time")[0];
    assert_eq!(
        (began.attr("datetime"), text(&began).as_str()),
        (Some("2026-11-21T11:52:10.000Z"), "21 Nov 2026, 12:52 CET")
    );
    assert_eq!(texts(&page, ".as-of"), ["As of 21 Nov 2026, 13:03 CET"]);
    assert!(texts(&page, ".maker")[0].starts_with("Times are in Europe/Stockholm."));
}

#[test]
fn each_day_of_a_component_is_reached_by_one_stop_of_the_keyboard() {
    let page = html(&super::overview(&Stage::english(samples::rich()).scene()));
    let page = Html::parse_document(&page);
    let strips = pick(&page, ".days [role=radiogroup]");
    assert_eq!(strips.len(), 6);
    for strip in strips {
        let radio = Selector::parse("label > input[type=radio]").expect("a selector");
        let days: Vec<_> = strip.select(&radio).collect();
        assert!(days.len() == 90 && strip.attr("aria-label").is_some_and(|label| label.ends_with(", day by day")));
        assert!(days.iter().all(|day| day.attr("name") == Some("day") && day.attr("aria-label").is_some()));
        let checked: Vec<_> = days.iter().map(|day| day.attr("checked").is_some()).collect();
        assert_eq!(checked.iter().position(|checked| *checked), Some(89), "today, and no other");
    }
}

#[test]
fn fifty_components_are_a_light_page() {
    let page = super::overview(&Stage::english(samples::many()).scene());
    let length = |encoding: &'static str| {
        let headers = HeaderMap::from_iter([(axum::http::header::ACCEPT_ENCODING, HeaderValue::from_static(encoding))]);
        let answer = page.answer(&headers);
        answer.headers()["content-length"].to_str().expect("ASCII").parse::<usize>().expect("a length")
    };
    assert!(length("br") < 30_000 && length("gzip") < 60_000, "{} and {}", length("br"), length("gzip"));
}

#[test]
fn a_page_that_renews_itself_has_what_its_script_works_with() {
    let stage = Stage::english(samples::rich());
    for (name, html) in every(&stage) {
        let page = Html::parse_document(&html);
        let is_live = !pick(&page, "script").is_empty();
        let is_told = ["overview", "incidents", "open incident", "component", "bare component"].contains(&name);
        // What has nothing to show yet only looks whether that is still so.
        let looks = ["no samples", "unavailable"].contains(&name);
        assert_eq!(is_live, is_told || looks, "{name}");
        assert!(!is_told || pick(&page, "[data-say]").len() == usize::from(name != "incidents"), "{name}");
        assert!(is_told != pick(&page, "[data-live]").is_empty() || !is_live, "{name}");
        assert!(pick(&page, "[data-live]").iter().all(|part| part.attr("id").is_some()), "{name}");
        if is_live {
            let note = pick(&page, "#live-note")[0];
            assert!(
                note.attr("data-old").is_some_and(|told| told.contains("{age}")) && text(&note).is_empty(),
                "{name}"
            );
            assert!(note.attr("data-units").is_some_and(|units| units.split(' ').count() == 3));
            assert_eq!(pick(&page, "#live-say")[0].attr("aria-live"), Some("polite"));
        }
        // Without scripts the overview loads itself, and what stands in its place.
        let loads = usize::from(name == "overview" || looks);
        assert_eq!(html.matches("<noscript><meta http-equiv=\"refresh\"").count(), loads, "{name}");
        assert_eq!(html.matches("http-equiv=\"refresh\"").count(), loads, "{name}");
    }
}

#[test]
fn an_old_page_says_so_first() {
    let later = Timestamp::from_millis(samples::noon().millis() + 240_000);
    let page = html(&super::overview(&Stage::at(samples::rich(), swedish(), later).scene()));
    let page = Html::parse_document(&page);
    assert_eq!(texts(&page, ".stale strong"), ["Senast kända läge, 12:03 UTC, för 4 minuter sedan."]);
    assert_eq!(texts(&page, ".banner.old [data-say]"), ["Senast känt API ligger nere"]);
}

#[test]
fn a_page_is_found_in_each_language_and_a_private_one_in_none() {
    let mut stage = Stage::english(samples::rich());
    stage.place.keeps_language = true;
    let head = |stage: &Stage, selector: &str, name: &str| {
        let page = html(&super::component(&stage.scene(), &stage.snapshot.components[1]));
        let page = Html::parse_document(&page);
        pick(&page, selector).iter().filter_map(|link| link.attr(name)).map(str::to_owned).collect::<Vec<_>>()
    };
    let address = "https://status.example.org/s/acme/components/api";
    assert_eq!(head(&stage, "link[rel=canonical]", "href"), [format!("{address}?lang=en")]);
    let alternates = [format!("{address}?lang=en"), format!("{address}?lang=sv"), address.to_owned()];
    assert_eq!(head(&stage, "link[hreflang]", "href"), alternates);
    assert_eq!(head(&stage, "meta[property='og:title']", "content"), ["API: Down · Acme Works"]);
    let feeds = ["atom", "rss", "json"].map(|kind| format!("/s/acme/feed.{kind}?lang=en"));
    assert_eq!(head(&stage, "link[rel=alternate][type^=application]", "href"), feeds);
    assert_eq!(head(&stage, ".tongues a[aria-current]", "hreflang"), ["en"]);
    stage.page.access.private = true;
    assert_eq!(head(&stage, "meta[name=robots]", "content"), ["noindex"]);
    assert!(head(&stage, "link[rel=canonical], link[hreflang], meta[property]", "rel").is_empty());
}

#[test]
fn an_empty_month_is_not_for_search_engines() {
    let stage = Stage::english(samples::rich());
    let robots = |held: &HistoryMonth| {
        let page = html(&super::history(&stage.scene(), held));
        pick(&Html::parse_document(&page), "meta[name=robots]").len()
    };
    let held = month(&stage);
    assert_eq!(robots(&held), 0);
    assert_eq!(robots(&HistoryMonth { incidents: Vec::new(), maintenances: Vec::new(), ..held }), 1);
}

#[test]
fn a_month_leads_to_those_beside_it() {
    let stage = Stage::swedish(samples::rich());
    let page = html(&super::history(&stage.scene(), &month(&stage)));
    let page = Html::parse_document(&page);
    assert_eq!(texts(&page, "h1, .turn a"), ["november 2026", "← oktober 2026", "december 2026 →"]);
    assert_eq!(pick(&page, ".turn a")[0].attr("href"), Some("/s/acme/history/2026-10"));
    assert_eq!(texts(&page, "nav [aria-current=true]"), ["Historik"]);
    assert_eq!(pick(&page, "details.past").len(), 5);
}

#[test]
fn what_is_wrong_with_a_form_stands_on_top_and_beside_its_field() {
    let stage = Stage::english(samples::rich());
    let page = html(&super::subscribe(&stage.scene(), &wrong_form(&stage)));
    let page = Html::parse_document(&page);
    let links: Vec<_> = pick(&page, ".faults a").iter().filter_map(|link| link.attr("href")).collect();
    assert_eq!(links, ["#field-kind", "#field-address", "#field-components", "#field-events"]);
    assert!(links.iter().all(|link| pick(&page, link).len() == 1));
    assert_eq!(pick(&page, ".fault").len(), 4);
    let address = pick(&page, "#field-address")[0];
    assert_eq!((address.attr("aria-invalid"), address.attr("value")), (Some("true"), Some("Acme Works")));
    assert_eq!(address.attr("aria-describedby"), Some("hint-address fault-address"));
    assert_eq!(pick(&page, "input[name=kind][checked]")[0].attr("value"), Some("webhook"));
    let trap = pick(&page, "input[name=website]")[0];
    assert_eq!((trap.attr("tabindex"), trap.attr("autocomplete")), (Some("-1"), Some("off")));
}

#[test]
fn the_door_of_a_private_page_says_nothing_of_whose_it_is() {
    let stage = settled(Stage::english(samples::rich()));
    let scene = stage.scene();
    let page = html(&super::login(scene.place, scene.words, false));
    assert!(!page.contains("Acme") && !page.contains("logo"));
    assert_eq!(pick(&Html::parse_document(&page), "form")[0].attr("action"), Some("/s/acme/login"));
}

#[test]
fn a_report_is_a_table_for_a_printer() {
    let stage = Stage::english(samples::rich());
    let page = Html::parse_document(&super::report(&report(&stage), &stage.page, stage.words));
    assert_eq!(texts(&page, "h1"), ["Monthly report: November 2026"]);
    let row = ["Acme Works · API", "99.80 %", "13 minutes", "less than a minute", "none", "97 % known"];
    assert_eq!(texts(&page, "tbody tr > *").iter().map(|cell| cell.replace('\u{a0}', " ")).collect::<Vec<_>>(), row);
    assert!(
        texts(&page, ".stale")[0].starts_with("The month is not over")
            && texts(&page, ".lines li")[0].ends_with("still open")
    );
}
