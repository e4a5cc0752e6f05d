//! What every page has: the frame around its content.

use askama::Template;
use axum::http::StatusCode;
use plimsoll_domain::page::{Link, PageConfig};
use plimsoll_domain::time::Timestamp;
use plimsoll_words::{Locale, Words};

use super::look::look_css;
use crate::assets::{MARK_SVG, REFRESH, SITE_CSS};
use crate::respond::{Kind, Rendered};
use crate::scene::{Place, Scene};
use crate::view::text;

/// A tenant's page, whether there is a snapshot or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageParts<'a> {
    /// What the tenant settled.
    pub(crate) page: &'a PageConfig,
    /// The tenant's name.
    pub(crate) name: &'a str,
    /// The reader's language, and the tenant's time zone.
    pub(crate) words: Words,
    /// Where it stands.
    pub(crate) place: &'a Place,
}

/// How a page comes to show what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresh {
    /// It does not.
    Never,
    /// By its script.
    Script,
    /// By its script; without scripts by loading itself.
    ScriptOrMeta,
}

/// What stands around the content.
pub(super) struct Frame<'a> {
    /// The path that the next two lie in.
    pub(super) assets: String,
    pub(super) css: &'static str,
    pub(super) icon: &'static str,
    pub(super) script: &'static str,
    pub(super) words: Words,
    /// What stands in the browser's tab.
    pub(super) title: String,
    /// What a search engine shows.
    pub(super) description: String,
    /// Whether search engines may keep it.
    pub(super) index: bool,
    pub(super) refresh: Refresh,
    /// Whether the same address exists in other languages.
    pub(super) languages: bool,
    /// Whether it stands in a copy in files.
    pub(super) is_copy: bool,
    /// Whose page it is, when that may be told.
    pub(super) owner: Option<Owner<'a>>,
}

/// What is told of whose page it is.
pub(super) struct Owner<'a> {
    pub(super) title: &'a str,
    pub(super) slug: &'a str,
    pub(super) home: String,
    pub(super) logo: Option<Logo>,
    /// A few words, as HTML that is clean.
    pub(super) header: Option<String>,
    pub(super) links: &'a [Link],
    /// The path of its stylesheet.
    pub(super) look: Option<String>,
    pub(super) nav: Vec<NavLink>,
    /// The whole address of this page.
    pub(super) canonical: String,
    /// The same in each language: tag and whole address.
    pub(super) alternates: Vec<(&'static str, String)>,
    /// Media type, path and name of each feed.
    pub(super) feeds: Vec<Feed>,
    pub(super) calendar: String,
    pub(super) is_public: bool,
}

pub(super) struct Logo {
    pub(super) src: String,
    pub(super) width: u32,
    pub(super) height: u32,
}

pub(super) struct NavLink {
    pub(super) href: String,
    pub(super) label: String,
    /// `page` when it leads to this page, `true` when this page belongs to it.
    pub(super) current: Option<&'static str>,
}

pub(super) struct Feed {
    pub(super) media_type: &'static str,
    pub(super) href: String,
    pub(super) name: &'static str,
}

/// The pages that the head of each page leads to: below the base, and the key of what they are called.
const NAV: [(&str, &str); 4] =
    [("", "nav-status"), ("/incidents", "nav-incidents"), ("/history", "nav-history"), ("/subscribe", "nav-subscribe")];
const FEEDS: [(&str, &str, &str); 3] = [
    ("application/atom+xml", "/feed.atom", "Atom"),
    ("application/rss+xml", "/feed.rss", "RSS"),
    ("application/feed+json", "/feed.json", "JSON Feed"),
];

impl<'a> Frame<'a> {
    /// Around a page that belongs to nobody, as far as is told.
    pub(super) fn bare(title: String, words: Words) -> Self {
        Self {
            assets: "/assets".to_owned(),
            css: &SITE_CSS.name,
            icon: &MARK_SVG.name,
            script: &REFRESH.text,
            words,
            description: title.clone(),
            title,
            index: false,
            refresh: Refresh::Never,
            languages: true,
            is_copy: false,
            owner: None,
        }
    }

    /// Around the part of a tenant's page at this path below its base.
    pub(super) fn of(headline: &str, parts: &PageParts<'a>, part: &str) -> Self {
        let title = parts.page.title(parts.name);
        let mut frame = Self::bare(format!("{headline} · {title}"), parts.words);
        frame.index = !parts.page.access.private;
        (frame.assets, frame.is_copy) = (parts.place.assets(), parts.place.is_copy);
        frame.owner = Some(Owner::of(parts, part));
        frame
    }

    /// Something in the reader's language.
    pub(super) fn say(&self, key: &str) -> String {
        self.words.say(key)
    }

    pub(super) fn logo_of(&self, title: &str) -> String {
        self.words.say_with("logo-of", &[("title", title.into())])
    }

    /// What the page says of its age when it cannot renew itself; the script puts the age in.
    pub(super) fn live_old(&self) -> String {
        self.words.say_with("live-old", &[("age", "{age}".into())])
    }

    pub(super) fn lang(&self) -> &'static str {
        self.words.locale().tag()
    }

    pub(super) fn zone(&self) -> String {
        self.words.say_with("footer-zone", &[("zone", self.words.zone().name().into())])
    }

    /// That the days of the bars are others than those of the page's zone, where they are.
    pub(super) fn days_note(&self) -> Option<String> {
        let is_utc = matches!(self.words.zone().name(), "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT");
        (!is_utc).then(|| self.words.say("days-utc"))
    }

    /// Every language there is: its tag, its name, and whether it is this one's.
    pub(super) fn all_languages(&self) -> Vec<(&'static str, &'static str, bool)> {
        let here = self.words.locale();
        Locale::all().map(|locale| (locale.tag(), locale.name(), locale == here)).collect()
    }

    pub(super) fn is_live(&self) -> bool {
        self.refresh != Refresh::Never
    }

    /// Whether it loads itself where there are no scripts.
    pub(super) fn reloads(&self) -> bool {
        self.refresh == Refresh::ScriptOrMeta
    }
}

impl<'a> Owner<'a> {
    fn of(parts: &PageParts<'a>, part: &str) -> Self {
        let (page, place) = (parts.page, parts.place);
        let with_language = |tag: &str| format!("{}?lang={tag}", parts.address(part));
        let here = parts.words.locale().tag();
        let may_subscribe = page.subscribable && !place.is_copy;
        let nav = NAV.iter().filter(|(part, _)| may_subscribe || *part != "/subscribe");
        let logo = page.logo.as_ref().map(|logo| Logo {
            src: format!("{}/logo/{}.{}", place.base, logo.hash, logo.kind.extension()),
            width: logo.width,
            height: logo.height,
        });
        Self {
            title: page.title(parts.name),
            slug: page.tenant.as_str(),
            home: parts.link(""),
            logo,
            header: page.look.header.as_deref().map(text::html_without_headings),
            links: &page.look.links,
            look: look_css(page).map(|(name, _)| format!("{}/{name}", place.base)),
            nav: nav
                .map(|(to, key)| NavLink {
                    href: parts.link(to),
                    label: parts.words.say(key),
                    current: current(to, part),
                })
                .collect(),
            canonical: if place.keeps_language { with_language(here) } else { parts.address(part) },
            alternates: Locale::all()
                .filter(|_| !place.is_copy)
                .map(|locale| (locale.tag(), with_language(locale.tag())))
                .chain([("x-default", parts.address(part))])
                .collect(),
            feeds: FEEDS.map(|(media_type, to, name)| Feed { media_type, href: parts.link(to), name }).into(),
            calendar: parts.link("/calendar.ics"),
            is_public: !page.access.private,
        }
    }
}

/// How a link to `to` stands to the page at `part`.
fn current(to: &str, part: &str) -> Option<&'static str> {
    match part.strip_prefix(to)? {
        "" => Some("page"),
        below if !to.is_empty() && below.starts_with('/') => Some("true"),
        _ => None,
    }
}

impl PageParts<'_> {
    /// The path of a part of the page, as [`Scene::link`] has it.
    pub(crate) fn link(&self, part: &str) -> String {
        self.place.link(part, self.words)
    }

    /// The whole address of a part of the page; that of a host alone ends with a slash.
    pub(crate) fn address(&self, part: &str) -> String {
        let is_root = part.is_empty() && self.place.base.is_empty();
        format!("{}{}", self.place.url, if is_root { "/" } else { part })
    }
}

impl<'a> From<&Scene<'a>> for PageParts<'a> {
    fn from(scene: &Scene<'a>) -> Self {
        let Scene { snapshot, page, words, place, .. } = *scene;
        Self { page, name: &snapshot.name, words, place }
    }
}

/// The template as an answer; `at` is when it came to say what it says.
pub(super) fn rendered(kind: Kind, status: StatusCode, page: &impl Template, at: Option<Timestamp>) -> Rendered {
    Rendered::new(kind, status, filled(page), at)
}

/// The template as text.
pub(super) fn filled(page: &impl Template) -> String {
    page.render().expect("templates write to memory and call nothing that fails")
}
