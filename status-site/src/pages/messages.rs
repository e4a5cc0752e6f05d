//! Pages that say one thing: that nothing is there, not yet, or not now; and the door of a private page.

use askama::Template;
use axum::http::StatusCode;
use plimsoll_domain::page::PageConfig;
use plimsoll_words::Words;

use super::frame::{Frame, PageParts, Refresh, rendered};
use crate::respond::{Kind, Rendered};
use crate::scene::Place;

#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct MessagePage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) headline: String,
    pub(super) text: String,
    /// Where to go on: a path, and what it says.
    pub(super) link: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    frame: Frame<'a>,
    action: String,
    failed: bool,
}

/// The page of a tenant of whom nothing was ever sampled.
pub(crate) fn no_samples(page: &PageConfig, name: &str, words: Words, place: &Place) -> Rendered {
    let parts = PageParts { page, name, words, place };
    let headline = words.say("no-samples");
    let mut frame = Frame::of(&headline, &parts, "");
    frame.refresh = Refresh::ScriptOrMeta;
    frame.index = false;
    let page = MessagePage { frame, headline, text: words.say("no-samples-text"), link: None };
    rendered(Kind::Page, StatusCode::OK, &page, None)
}

/// There is no such page; `login_href` leads to the door of a page that is not for everybody.
pub(crate) fn not_found(words: Words, login_href: Option<&str>) -> Rendered {
    let link = login_href.map(|href| (href.to_owned(), words.say("not-found-login")));
    message("not-found", StatusCode::NOT_FOUND, words, link)
}

/// There is no such page in a copy of a tenant's page.
pub(crate) fn missing(parts: &PageParts<'_>) -> Rendered {
    let headline = parts.words.say("not-found");
    let mut frame = Frame::of(&headline, parts, "/404.html");
    frame.index = false;
    let link = Some((parts.link(""), parts.words.say("back-to-status")));
    let page = MessagePage { frame, headline, text: parts.words.say("not-found-text"), link };
    rendered(Kind::Refusal, StatusCode::NOT_FOUND, &page, None)
}

/// Nothing is known, and what would know does not answer.
pub(crate) fn unavailable(words: Words) -> Rendered {
    message("unavailable", StatusCode::SERVICE_UNAVAILABLE, words, None)
}

fn message(key: &str, status: StatusCode, words: Words, link: Option<(String, String)>) -> Rendered {
    let headline = words.say(key);
    let mut frame = Frame::bare(headline.clone(), words);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        frame.refresh = Refresh::ScriptOrMeta;
    }
    let page = MessagePage { frame, headline, text: words.say(&format!("{key}-text")), link };
    rendered(Kind::Refusal, status, &page, None)
}

/// Where a password is asked for. It says nothing of whose page it is.
pub(crate) fn login(place: &Place, words: Words, failed: bool) -> Rendered {
    let frame = Frame::bare(words.say("login"), words);
    let status = if failed { StatusCode::FORBIDDEN } else { StatusCode::OK };
    let page = LoginPage { frame, action: place.link("/login", words), failed };
    rendered(Kind::Refusal, status, &page, None)
}
