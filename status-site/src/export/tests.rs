//! The page as files: everything that a page leads to is there, and nothing that would need an answer.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{
    BUNDLE_FORMAT, BundledLogo, Logo, LogoKind, LogoRef, PageBundle, PageConfig, StatusSnapshot,
};
use plimsoll_domain::recurrence::Recurrence;
use plimsoll_domain::time::Span;
use scraper::{Html, Selector};

use super::{ExportPlace, export};
use crate::samples;

fn bundle(snapshot: Option<StatusSnapshot>) -> PageBundle {
    let mut page = PageConfig::of("acme".parse().expect("slug"));
    let bytes = b"\x89PNG not really".to_vec();
    let about = LogoRef { kind: LogoKind::Png, hash: LogoRef::hash_of(&bytes), width: 64, height: 32 };
    page.logo = Some(about.clone());
    page.look.colour = Some("#0b5c8a".parse().expect("a colour"));
    let logo = Logo { tenant: page.tenant.clone(), about, bytes };
    PageBundle {
        format: BUNDLE_FORMAT,
        made_at: samples::noon(),
        name: "Acme Works".to_owned(),
        page,
        incidents: snapshot.iter().flat_map(|snapshot| snapshot.incidents.clone()).collect(),
        maintenances: snapshot.iter().flat_map(|snapshot| snapshot.maintenances.clone()).collect(),
        snapshot,
        logo: Some(BundledLogo::of(&logo)),
    }
}

fn place(base: &str) -> ExportPlace {
    ExportPlace { url: format!("https://status.example.org{base}"), base_path: base.to_owned(), locale: None }
}

fn files(bundle: &PageBundle, place: &ExportPlace) -> BTreeMap<String, Vec<u8>> {
    let files = export(bundle, place).expect("it can be exported");
    let count = files.len();
    let by_path: BTreeMap<_, _> = files.into_iter().map(|file| (file.path, file.bytes)).collect();
    assert_eq!(by_path.len(), count, "no path stands twice");
    by_path
}

fn text(files: &BTreeMap<String, Vec<u8>>, path: &str) -> String {
    let bytes = files.get(path).unwrap_or_else(|| panic!("there is no {path}"));
    String::from_utf8(bytes.clone()).expect("a text")
}

/// The texts of what a selector finds.
fn pick(html: &str, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    let page = Html::parse_document(html);
    page.select(&selector).map(|found| found.text().collect::<String>().trim().to_owned()).collect()
}

fn is_page(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "html")
}

/// Whatever the pages lead to on the same host.
fn links(html: &str) -> Vec<String> {
    let selector = Selector::parse("[href], [src], [action]").expect("a selector");
    let page = Html::parse_document(html);
    let attributes =
        page.select(&selector).flat_map(|element| ["href", "src", "action"].map(|name| element.attr(name)));
    let own = attributes.flatten().filter(|to| to.starts_with('/') && !to.starts_with("//"));
    own.map(str::to_owned).collect()
}

#[test]
fn every_link_on_every_page_leads_to_a_file() {
    for base in ["", "/status/acme"] {
        let files = files(&bundle(Some(samples::rich())), &place(base));
        let pages: Vec<_> = files.keys().filter(|path| is_page(path)).collect();
        assert!(pages.len() > 15, "{pages:?}");
        for path in pages {
            for link in links(&text(&files, path)) {
                let below = link.strip_prefix(base).unwrap_or_else(|| panic!("{path} leads out of {base}: {link}"));
                let file = below.split('#').next().unwrap_or_default().trim_matches('/');
                let index = if file.is_empty() { "index.html".to_owned() } else { format!("{file}/index.html") };
                assert!(files.contains_key(file) || files.contains_key(&index), "{path} leads to {link}");
            }
        }
    }
}

#[test]
fn nothing_on_a_copy_needs_an_answer() {
    let files = files(&bundle(Some(samples::rich())), &place(""));
    for path in files.keys().filter(|path| is_page(path)) {
        let html = text(&files, path);
        let asks = pick(&html, "form:not([method=dialog]), .tongues");
        assert!(asks.is_empty() && !html.contains("?lang="), "{path}");
        let answered = ["/subscribe", "/login", "/public"];
        assert!(!links(&html).iter().any(|link| answered.iter().any(|path| link.starts_with(path))), "{path}");
        assert!(!html.contains(samples::KEY_NAME), "{path}");
    }
}

#[test]
fn a_copy_says_what_the_page_says() {
    let files = files(&bundle(Some(samples::busy())), &place(""));
    assert_eq!(pick(&text(&files, "index.html"), "h1"), ["API is down"]);
    assert_eq!(pick(&text(&files, "incidents/inc-4/index.html"), "h1"), ["API was down"]);
    assert_eq!(pick(&text(&files, "404.html"), "h1"), ["There is no such page"]);
    assert_eq!(text(&files, "history/index.html"), text(&files, "history/2026-11/index.html"));
    assert!(text(&files, "components/api/index.html").contains("API"));
    for path in [
        "feed.atom",
        "feed.rss",
        "feed.json",
        "calendar.ics",
        "badge.svg",
        "api/v2/status.json",
        "api/v2/summary.json",
        "api/v2/components.json",
        "api/v2/incidents.json",
        "api/v2/incidents/unresolved.json",
        "api/v2/scheduled-maintenances.json",
        "api/v2/scheduled-maintenances/upcoming.json",
        "api/v2/scheduled-maintenances/active.json",
    ] {
        assert!(!text(&files, path).is_empty(), "{path}");
    }
    assert!(text(&files, "feed.atom").contains("https://status.example.org/incidents/inc-1"));
    assert_eq!(files.keys().filter(|path| path.starts_with("logo/") || path.starts_with("look.")).count(), 2);
}

#[test]
fn months_go_back_to_the_first_that_holds_anything() {
    let mut bundle = bundle(Some(samples::busy()));
    let mut old = bundle.incidents[4].clone();
    old.id = "inc-old".parse().expect("slug");
    old.updates.iter_mut().for_each(|update| update.at = update.at.minus(Span::days(62)));
    bundle.incidents.push(old);
    let files = files(&bundle, &place(""));
    let months: Vec<_> = files.keys().filter(|path| path.starts_with("history/2")).map(String::as_str).collect();
    assert_eq!(months, ["history/2026-09/index.html", "history/2026-10/index.html", "history/2026-11/index.html"]);
    assert!(text(&files, "history/2026-09/index.html").contains("/incidents/inc-old"));
    assert!(files.contains_key("incidents/inc-old/index.html"));
    // What recurs from long ago is not followed back for ever.
    let since = Maintenance {
        recurrence: Some(Recurrence::new("FREQ=WEEKLY", "UTC".parse().expect("a zone"))),
        starts_at: bundle.maintenances[0].starts_at.minus(Span::days(7_000)),
        ends_at: bundle.maintenances[0].ends_at.minus(Span::days(7_000)),
        ..bundle.maintenances[0].clone()
    };
    bundle.maintenances.push(since);
    let files = files_of(&bundle);
    assert_eq!(files.keys().filter(|path| path.starts_with("history/2") || path.starts_with("history/1")).count(), 60);
}

fn files_of(bundle: &PageBundle) -> BTreeMap<String, Vec<u8>> {
    files(bundle, &place(""))
}

#[test]
fn drafts_and_hidden_components_are_in_no_file() {
    let mut bundle = bundle(Some(samples::quiet()));
    let mut draft = samples::busy().incidents[0].clone();
    (draft.id, draft.title, draft.draft) = ("inc-draft".parse().expect("slug"), "Not yet told".to_owned(), true);
    let mut shown = samples::busy().incidents[1].clone();
    shown.id = "inc-shown".parse().expect("slug");
    bundle.incidents = vec![draft, shown];
    bundle.page.arrangement.hidden.insert("cdn".parse().expect("slug"));
    let mut hidden = samples::busy().maintenances[1].clone();
    hidden.title = "Behind the curtain".to_owned();
    bundle.maintenances = vec![hidden];
    for (path, bytes) in files_of(&bundle) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!path.contains("inc-draft"), "{path}");
        for secret in ["Not yet told", "inc-draft", "Behind the curtain", "\"cdn\"", "Content delivery"] {
            assert!(!text.contains(secret), "{path} tells of {secret}");
        }
    }
}

#[test]
fn a_page_without_samples_is_exported_too() {
    let files = files_of(&bundle(None));
    for path in ["index.html", "incidents/index.html"] {
        assert_eq!(pick(&text(&files, path), "h1"), ["No samples yet"]);
    }
    assert!(text(&files, "api/v2/status.json").contains("System Status Not Known"));
    assert!(text(&files, "badge.svg").contains("Not known"));
}

#[test]
fn the_language_is_the_pages_own_or_the_one_that_is_asked_for() {
    let mut bundle = bundle(Some(samples::busy()));
    let lang = |bundle: &PageBundle, locale: Option<&str>| {
        let place = ExportPlace { locale: locale.map(str::to_owned), ..place("") };
        let html = text(&files(bundle, &place), "index.html");
        Html::parse_document(&html).root_element().attr("lang").map(str::to_owned)
    };
    assert_eq!(lang(&bundle, None).as_deref(), Some("en"));
    assert_eq!(lang(&bundle, Some("sv-SE")).as_deref(), Some("sv"));
    bundle.page.locale = Some("sv".to_owned());
    assert_eq!(lang(&bundle, None).as_deref(), Some("sv"));
    let wrong = ExportPlace { locale: Some("tlh".to_owned()), ..place("") };
    assert!(export(&bundle, &wrong).expect_err("no such language").contains("en, sv"));
}

#[test]
fn headers_for_hosts_carry_the_policy_of_the_pages() {
    let files = files(&bundle(Some(samples::quiet())), &place("/x"));
    let headers = text(&files, "_headers");
    assert!(headers.starts_with("/x/*\n  Content-Security-Policy: default-src 'none'"), "{headers}");
    assert!(
        headers.contains("script-src 'sha256-")
            && headers.contains("/x/feed.atom\n  Content-Type: application/atom+xml")
    );
    assert!(headers.lines().all(|line| line.starts_with("/x/") || line.starts_with("  ")), "{headers}");
}
