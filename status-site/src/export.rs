//! The page as files that any web server serves: what `plimsoll export` writes.
//!
//! The pages are those of the site, made from the same scene; only what needs somebody to answer is left out: the forms, the
//! choice of a language, and the age of the figures, which their instant tells. Paths are those of the site, with each page
//! as the `index.html` of a folder of its name, so that links into the one lead into the other.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_domain::incident::Incident;
use plimsoll_domain::page::{PageBundle, StatusSnapshot};
use plimsoll_domain::report::Month;
use plimsoll_domain::time::Timestamp;
use plimsoll_words::{Locale, Words};

use crate::pages::{HistoryMonth, PageParts};
use crate::respond::{Kind, Rendered, policy};
use crate::scene::{Place, Scene};
use crate::view::freshness::Freshness;
use crate::view::local;
use crate::{assets, feeds, history, pages, rendered_view, statuspage};

/// Most months with a page of their own, the newest.
const MOST_MONTHS: usize = 60;

/// Where a copy stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportPlace {
    /// How the outside names its overview, without a slash at its end: `https://status.example.org`.
    pub url: String,
    /// What every path on it begins with: empty, or such as `/status`.
    pub base_path: String,
    /// Its language (BCP 47); `None`: the page's own.
    pub locale: Option<String>,
}

/// A file of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedFile {
    /// Its path below the copy's folder, with slashes: `incidents/inc-1/index.html`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All files of a copy of the page in `bundle`, by path. The error says what was expected.
pub fn export(bundle: &PageBundle, place: &ExportPlace) -> Result<Vec<ExportedFile>, String> {
    let locale = match &place.locale {
        None => rendered_view::locale_of(&bundle.page),
        Some(tag) => Locale::find(tag).ok_or_else(|| no_such_language(tag))?,
    };
    let ExportPlace { url, base_path, .. } = place;
    let place = Place { base: base_path.clone(), url: url.clone(), keeps_language: false, is_copy: true };
    let snapshot = bundle.snapshot.clone();
    let unsampled = || StatusSnapshot::unsampled(bundle.page.tenant.clone(), bundle.name.clone(), bundle.made_at);
    let snapshot = snapshot.unwrap_or_else(unsampled);
    let scene = Scene {
        snapshot: &snapshot,
        page: &bundle.page,
        words: Words::new(locale, bundle.page.time_zone),
        place: &place,
        fresh: &Freshness::of(&snapshot, bundle.made_at),
        now: bundle.made_at,
    };
    let mut copy = Copy::default();
    if bundle.snapshot.is_some() {
        copy.pages(&scene);
    } else {
        let page = pages::no_samples(&bundle.page, &bundle.name, scene.words, &place);
        copy.page("", &page);
        copy.page("/incidents", &page);
    }
    copy.past(bundle, &scene);
    copy.machine_readable(bundle, &scene);
    copy.assets(bundle)?;
    copy.text("_headers", headers(&place));
    Ok(copy.0.into_iter().map(|(path, bytes)| ExportedFile { path, bytes }).collect())
}

fn no_such_language(tag: &str) -> String {
    let all: Vec<_> = Locale::all().map(Locale::tag).collect();
    format!("expected a language of {}, got {tag:?}", all.join(", "))
}

/// Files by path.
#[derive(Default)]
struct Copy(BTreeMap<String, Vec<u8>>);

impl Copy {
    /// A page at this path below the base, `""` for the overview.
    fn page(&mut self, part: &str, page: &Rendered) {
        let folder = part.trim_start_matches('/');
        let path = if folder.is_empty() { "index.html".to_owned() } else { format!("{folder}/index.html") };
        self.0.insert(path, page.bytes().to_vec());
    }

    fn text(&mut self, path: &str, text: String) {
        self.0.insert(path.trim_start_matches('/').to_owned(), text.into_bytes());
    }

    /// What the snapshot tells.
    fn pages(&mut self, scene: &Scene<'_>) {
        self.page("", &pages::overview(scene));
        self.page("/incidents", &pages::incidents(scene));
        for component in &scene.snapshot.components {
            self.page(&format!("/components/{}", component.id), &pages::component(scene, component));
        }
    }

    /// Incidents, the snapshot's and older ones, and the months they began in.
    fn past(&mut self, bundle: &PageBundle, scene: &Scene<'_>) {
        let newer: BTreeSet<_> = scene.snapshot.incidents.iter().map(|incident| &incident.id).collect();
        let older = bundle.incidents.iter().filter(|incident| !incident.draft && !newer.contains(&incident.id));
        let shown: Vec<Incident> = older.map(|incident| history::shown(incident, scene.page)).collect();
        for incident in scene.snapshot.incidents.iter().chain(&shown) {
            self.page(&format!("/incidents/{}", incident.id), &pages::incident(scene, incident));
        }
        let zone = bundle.page.time_zone;
        let all: Vec<Incident> = scene.snapshot.incidents.iter().cloned().chain(shown).collect();
        let month_of = |at: Timestamp| Month::of(local::day(at, zone));
        let present = month_of(scene.now);
        let begun = all.iter().map(Incident::started_at).chain(bundle.maintenances.iter().map(|held| held.starts_at));
        let oldest = begun.map(month_of).min().unwrap_or(present);
        let mut month = present;
        for left in (0..MOST_MONTHS).rev() {
            let older = (left > 0 && oldest < month).then(|| month.previous());
            let held = HistoryMonth {
                month,
                incidents: history::begun_in(month, zone, &all, scene.page),
                maintenances: history::took_place_in(month, zone, &bundle.maintenances, scene),
                older,
                newer: (month < present).then(|| month.next()),
                partial: false,
            };
            let page = pages::history(scene, &held);
            if month == present {
                self.page("/history", &page);
            }
            self.page(&format!("/history/{month}"), &page);
            let Some(next) = older else { break };
            month = next;
        }
    }

    /// What programs read.
    fn machine_readable(&mut self, bundle: &PageBundle, scene: &Scene<'_>) {
        self.text(feeds::ATOM, feeds::atom(scene));
        self.text(feeds::RSS, feeds::rss(scene));
        self.text(feeds::JSON, feeds::json(scene));
        self.text(feeds::CALENDAR, feeds::calendar(scene, &bundle.maintenances));
        self.text("badge.svg", feeds::badge(scene, None).expect("the page as a whole is always there"));
        let api = [
            ("status", statuspage::status(scene)),
            ("summary", statuspage::summary(scene)),
            ("components", statuspage::components(scene)),
            ("incidents", statuspage::incidents(scene, &bundle.incidents)),
            ("incidents/unresolved", statuspage::unresolved(scene)),
            ("scheduled-maintenances", statuspage::maintenances(scene, &bundle.maintenances)),
            ("scheduled-maintenances/upcoming", statuspage::upcoming(scene)),
            ("scheduled-maintenances/active", statuspage::active(scene)),
        ];
        for (name, answer) in api {
            self.text(&format!("api/v2/{name}.json"), answer);
        }
        // What stands for whatever is not there.
        let missing = pages::missing(&PageParts::from(scene));
        self.0.insert("404.html".to_owned(), missing.bytes().to_vec());
    }

    /// What pages are dressed with.
    fn assets(&mut self, bundle: &PageBundle) -> Result<(), String> {
        for asset in assets::all() {
            self.0.insert(format!("assets/{}", asset.name), asset.rendered.bytes().to_vec());
        }
        if let Some((name, css)) = pages::look_css(&bundle.page) {
            self.text(&name, css);
        }
        if let (Some(about), Some(logo)) = (&bundle.page.logo, &bundle.logo) {
            self.0.insert(format!("logo/{}.{}", about.hash, about.kind.extension()), logo.bytes()?);
        }
        Ok(())
    }
}

/// How Netlify and Cloudflare Pages are told of headers; where several lines of a path name one, all of them hold.
fn headers(place: &Place) -> String {
    const FOREVER: &str = "Cache-Control: public, max-age=31536000, immutable";
    const SHARED: &str = "Access-Control-Allow-Origin: *";
    let kinds = [
        (feeds::ATOM, Kind::Atom),
        (feeds::RSS, Kind::Rss),
        (feeds::JSON, Kind::JsonFeed),
        (feeds::CALENDAR, Kind::Calendar),
        ("/badge.svg", Kind::Badge),
    ];
    let (page, picture) = (policy(Kind::Page), policy(Kind::Icon));
    let mut lines = vec![
        ("/*", format!("Content-Security-Policy: {page}")),
        ("/*", "X-Content-Type-Options: nosniff".to_owned()),
        ("/*", "Referrer-Policy: strict-origin-when-cross-origin".to_owned()),
        ("/api/*", SHARED.to_owned()),
        ("/assets/*", FOREVER.to_owned()),
        ("/logo/*", FOREVER.to_owned()),
        // A picture that somebody gave us runs nothing when it is opened by itself.
        ("/logo/*", format!("Content-Security-Policy: {picture}")),
    ];
    for (path, kind) in kinds {
        lines.push((path, format!("Content-Type: {}", kind.content_type())));
        lines.push((path, SHARED.to_owned()));
    }
    let of_path = |lines: &[(&str, String)]| {
        let told: Vec<_> = lines.iter().map(|(_, header)| header.as_str()).collect();
        format!("{}{}\n  {}\n", place.base, lines[0].0, told.join("\n  "))
    };
    lines.chunk_by(|one, next| one.0 == next.0).map(of_path).collect()
}

#[cfg(test)]
mod tests;
