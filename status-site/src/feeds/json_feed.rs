//! The page as a JSON Feed (version 1.1, jsonfeed.org).

use plimsoll_domain::time::Timestamp;
use serde::Serialize;

use super::entries::{About, Entry, entries};
use super::named::home;
use crate::scene::Scene;

#[derive(Serialize)]
struct Feed<'a> {
    version: &'static str,
    title: String,
    home_page_url: String,
    #[serde(rename = "feed_url")]
    own_url: String,
    description: String,
    authors: [Author; 1],
    language: &'a str,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Author {
    name: String,
    url: String,
}

#[derive(Serialize)]
struct Item {
    id: String,
    url: String,
    title: String,
    content_html: String,
    summary: String,
    date_published: Timestamp,
    date_modified: Timestamp,
    tags: Vec<String>,
}

/// The feed as JSON, `application/feed+json`.
pub(crate) fn json(scene: &Scene<'_>) -> String {
    let entries = entries(scene);
    let about = About::of(&entries, scene);
    crate::json::text(&Feed {
        version: "https://jsonfeed.org/version/1.1",
        title: about.title,
        home_page_url: home(scene),
        own_url: scene.address(super::JSON),
        description: about.description,
        authors: [Author { name: about.author, url: home(scene) }],
        language: scene.words.locale().tag(),
        items: entries.into_iter().map(item).collect(),
    })
}

fn item(of: Entry) -> Item {
    Item {
        id: of.id,
        url: of.url,
        title: of.title,
        content_html: of.html,
        summary: of.summary,
        date_published: of.published,
        date_modified: of.updated,
        tags: of.concerns,
    }
}
