//! Somebody who reads one tenant's page: with a browser that runs no scripts, or with a program.

use std::collections::BTreeSet;

use reqwest::Url;
use scraper::{Html, Selector};

use crate::{Answer, Client};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A PNG of one pixel.
pub const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\
    \xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\xa7\xbc\xab\x0e\0\0\0\0IEND\xaeB`\x82";

/// Every path of a page; those with an id or a token in them name nothing that is there.
pub const PATHS: [&str; 32] = [
    "",
    "/",
    "/incidents",
    "/incidents/none",
    "/components/web",
    "/history",
    "/history/2026-10",
    "/history?month=2026-10",
    "/feed.atom",
    "/feed.rss",
    "/feed.json",
    "/calendar.ics",
    "/badge.svg",
    "/badge.svg?component=web",
    "/subscribe",
    "/subscribe/confirm?id=sub-0102030405060708090a&token=x",
    "/subscribe/manage?id=sub-0102030405060708090a&token=x",
    "/unsubscribe?id=sub-0102030405060708090a&token=x",
    "/api/v2/summary.json",
    "/api/v2/status.json",
    "/api/v2/components.json",
    "/api/v2/incidents.json",
    "/api/v2/incidents/unresolved.json",
    "/api/v2/scheduled-maintenances.json",
    "/api/v2/scheduled-maintenances/upcoming.json",
    "/api/v2/scheduled-maintenances/active.json",
    "/robots.txt",
    "/logo/0000.png",
    "/look.0123456789ab.css",
    "/x",
    "/x/y",
    "/login",
];

/// A reader of the page of one tenant.
#[derive(Clone, Debug)]
pub struct Visitor {
    client: Client,
    base: String,
    headers: Vec<(String, String)>,
}

impl Visitor {
    /// One of the page that stands at `/s/{slug}`.
    pub fn new(client: &Client, slug: &str) -> Self {
        Self { client: client.without_key(), base: format!("/s/{slug}"), headers: Vec::new() }
    }

    /// The same, reading another page of the same server.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The same, with a header.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut next = self.clone();
        next.headers.push((name.to_owned(), value.to_owned()));
        next
    }

    /// The same, coming from `address` as a trusted proxy says.
    #[must_use]
    pub fn from(&self, address: &str) -> Self {
        self.with("x-forwarded-for", address)
    }

    /// Reads a part of the page, e.g. `/incidents`; the overview where it is empty.
    pub async fn get(&self, part: &str) -> Answer {
        self.ask("GET", part, None).await
    }

    /// Sends a form to a part of the page.
    pub async fn post(&self, part: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask("POST", part, Some(form(fields))).await
    }

    /// Sends a request with a form in its body, if any. A whole address of this server will do as well.
    pub async fn ask(&self, method: &str, part: &str, body: Option<String>) -> Answer {
        let path = match Url::parse(part) {
            Ok(url) => url.as_str().strip_prefix(&url.origin().ascii_serialization()).unwrap_or_default().to_owned(),
            Err(_) => format!("{}{part}", self.base),
        };
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<_> = body.is_some().then_some(FORM).into_iter().chain(headers).collect();
        let answer = self.client.send(method, &path, &headers, body.map(String::into_bytes)).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }
}

/// Fields as a browser sends them.
pub fn form(fields: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("http://form.invalid/", fields).expect("a URL");
    url.query().unwrap_or_default().to_owned()
}

/// The texts of what a selector finds, with every run of spaces as one.
pub fn texts(html: &str, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Html::parse_document(html).select(&selector).map(|found| words(found.text().collect())).collect()
}

/// The values of an attribute of what a selector finds.
pub fn attributes(html: &str, selector: &str, name: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    let document = Html::parse_document(html);
    document.select(&selector).filter_map(|found| found.attr(name)).map(str::to_owned).collect()
}

/// Everything in a page that could run something or fetch from elsewhere than `own` hosts: elements and attributes in words.
pub fn dangers(html: &str, own: &[&str]) -> Vec<String> {
    let forbidden: BTreeSet<&str> =
        ["iframe", "object", "embed", "base", "math", "template", "video", "audio", "marquee"].into();
    let mut found = Vec::new();
    for element in Html::parse_document(html).tree.values().filter_map(scraper::Node::as_element) {
        let name = element.name();
        let source = element.attr("src");
        if forbidden.contains(name) || (name == "script" && source.is_some()) {
            found.push(format!("<{name}>"));
        }
        for (attribute, value) in element.attrs() {
            let value = value.trim().to_ascii_lowercase();
            let compact: String = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
            let is_active = ["javascript:", "vbscript:", "data:text"].iter().any(|scheme| compact.starts_with(scheme));
            let fetches = ["src", "srcset", "poster", "background", "formaction", "action", "data"]
                .contains(&attribute)
                || (attribute == "href" && name != "a");
            let is_foreign = (compact.starts_with("//") || compact.contains("://"))
                && !own.iter().any(|own| compact.starts_with(&own.to_ascii_lowercase()));
            if attribute.starts_with("on") || is_active || (fetches && is_foreign) || attribute == "style" {
                found.push(format!("<{name} {attribute}={value:?}>"));
            }
        }
    }
    found
}
