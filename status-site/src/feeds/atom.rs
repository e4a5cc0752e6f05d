//! The page as an Atom feed (RFC 4287).

use atom_syndication::{Category, Content, Entry as AtomEntry, Feed, FixedDateTime, Generator, Link, Person, Text};
use plimsoll_domain::time::Timestamp;

use super::entries::{About, Entry, entries};
use super::named::home;
use crate::scene::Scene;

/// The feed as XML, `application/atom+xml`.
pub(crate) fn atom(scene: &Scene<'_>) -> String {
    let entries = entries(scene);
    let about = About::of(&entries, scene);
    let own = scene.address(super::ATOM);
    let feed = Feed {
        title: Text::plain(about.title),
        subtitle: Some(Text::plain(about.description)),
        id: own.clone(),
        updated: instant(about.updated),
        authors: vec![Person { name: about.author, uri: Some(home(scene)), ..Person::default() }],
        links: vec![link("self", own, "application/atom+xml"), link("alternate", home(scene), "text/html")],
        generator: Some(Generator { value: "Plimsoll".to_owned(), ..Generator::default() }),
        lang: Some(scene.words.locale().tag().to_owned()),
        entries: entries.into_iter().map(entry).collect(),
        ..Feed::default()
    };
    let written = feed.write_to(Vec::new()).expect("writing to memory does not fail");
    String::from_utf8(written).expect("made from texts")
}

fn entry(of: Entry) -> AtomEntry {
    let category = |name: String| Category { term: name, ..Category::default() };
    AtomEntry {
        title: Text::plain(of.title),
        id: of.id,
        updated: instant(of.updated),
        published: Some(instant(of.published)),
        links: vec![link("alternate", of.url, "text/html")],
        summary: Some(Text::plain(of.summary)),
        content: Some(Content { value: Some(of.html), content_type: Some("html".to_owned()), ..Content::default() }),
        categories: of.concerns.into_iter().map(category).collect(),
        ..AtomEntry::default()
    }
}

fn link(rel: &str, href: String, media_type: &str) -> Link {
    Link { href, rel: rel.to_owned(), mime_type: Some(media_type.to_owned()), ..Link::default() }
}

fn instant(at: Timestamp) -> FixedDateTime {
    at.to_string().parse().unwrap_or_default()
}
