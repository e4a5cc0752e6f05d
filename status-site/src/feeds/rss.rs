//! The page as RSS 2.0, for what reads nothing newer.

use std::collections::BTreeMap;

use rss::extension::Extension;
use rss::{Category, Channel, Guid, Item};

use super::entries::{About, Entry, entries};
use super::named::home;
use crate::scene::Scene;

/// How long a reader may keep it, in minutes.
const KEPT_MINUTES: &str = "5";
const ATOM_NAMESPACE: &str = "http://www.w3.org/2005/Atom";

/// The feed as XML, `application/rss+xml`.
pub(crate) fn rss(scene: &Scene<'_>) -> String {
    let entries = entries(scene);
    let about = About::of(&entries, scene);
    let channel = Channel {
        title: about.title,
        link: home(scene),
        description: as_html(&about.description),
        language: Some(scene.words.locale().tag().to_owned()),
        last_build_date: Some(about.updated.to_rfc2822()),
        generator: Some("Plimsoll".to_owned()),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        ttl: Some(KEPT_MINUTES.to_owned()),
        items: entries.into_iter().map(item).collect(),
        namespaces: BTreeMap::from([("atom".to_owned(), ATOM_NAMESPACE.to_owned())]),
        extensions: BTreeMap::from([("atom".to_owned(), BTreeMap::from([("link".to_owned(), vec![own_link(scene)])]))]),
        ..Channel::default()
    };
    let written = channel.write_to(Vec::new()).expect("writing to memory does not fail");
    String::from_utf8(written).expect("made from texts")
}

/// Readers take a description for HTML.
fn as_html(text: &str) -> String {
    let Ok(escaped) = askama::filters::escape(text, askama::filters::Html);
    escaped.to_string()
}

/// Where the feed itself is found.
fn own_link(scene: &Scene<'_>) -> Extension {
    let attrs =
        [("href", scene.address(super::RSS)), ("rel", "self".to_owned()), ("type", "application/rss+xml".to_owned())];
    Extension {
        name: "atom:link".to_owned(),
        attrs: attrs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Extension::default()
    }
}

fn item(of: Entry) -> Item {
    let category = |name: String| Category { name, domain: None };
    Item {
        title: Some(of.title),
        link: Some(of.url),
        description: Some(of.html),
        guid: Some(Guid { value: of.id, permalink: false }),
        pub_date: Some(of.published.to_rfc2822()),
        categories: of.concerns.into_iter().map(category).collect(),
        ..Item::default()
    }
}
