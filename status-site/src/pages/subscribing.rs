//! Forms for subscribers, and the pages that the links in their mails lead to.
//!
//! Every form works without scripts, and what it answers never says whether an address was known.

use std::collections::BTreeSet;

use askama::Template;
use axum::http::StatusCode;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::subscriber::{ChannelKind, EventKind};
use plimsoll_words::Words;

use super::frame::{Frame, PageParts, rendered};
use super::messages::MessagePage;
use crate::respond::{Kind, Rendered};
use crate::scene::Scene;

/// The form for new subscribers, as it was sent or as it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SubscribeForm {
    /// `email`, `webhook` or `slack`; anything else counts as `email`.
    pub(crate) kind: String,
    /// What was written as the address.
    pub(crate) address: String,
    /// Ids of components; none: all of them.
    pub(crate) components: BTreeSet<String>,
    /// Kinds of events; none: all of them.
    pub(crate) events: BTreeSet<String>,
    /// What is wrong: the field (`kind`, `address`, `components`, `events`, or `form` for all of it) and the key of what is
    /// to be said.
    pub(crate) faults: Vec<(&'static str, &'static str)>,
    /// Whether it was taken.
    pub(crate) done: bool,
}

/// What a subscriber chooses anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ManageForm {
    /// What may be shown of the address.
    pub(crate) address: String,
    /// Ids of components; none: all of them.
    pub(crate) components: BTreeSet<String>,
    /// Kinds of events.
    pub(crate) events: BTreeSet<String>,
    /// What is wrong, as in [`SubscribeForm`].
    pub(crate) faults: Vec<(&'static str, &'static str)>,
    /// Whether it was just kept.
    pub(crate) saved: bool,
    /// Where to unsubscribe.
    pub(crate) unsubscribe_href: String,
}

/// Something to choose.
struct Choice {
    value: String,
    label: String,
    checked: bool,
}

/// What is wrong with one field, in words.
struct Fault {
    field: &'static str,
    text: String,
}

/// What may be chosen of components and events, and what is wrong with it.
struct Choices {
    components: Vec<Choice>,
    events: Vec<Choice>,
    faults: Vec<Fault>,
}

impl Choices {
    /// What is wrong with a field.
    fn fault(&self, field: &str) -> Option<&str> {
        self.faults.iter().find(|fault| fault.field == field).map(|fault| fault.text.as_str())
    }
}

#[derive(Template)]
#[template(path = "subscribe.html")]
struct SubscribePage<'a> {
    frame: Frame<'a>,
    action: String,
    kinds: Vec<Choice>,
    address: &'a str,
    choices: Choices,
}

#[derive(Template)]
#[template(path = "manage.html")]
struct ManagePage<'a> {
    frame: Frame<'a>,
    form: &'a ManageForm,
    choices: Choices,
}

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage<'a> {
    frame: Frame<'a>,
    headline: String,
    text: String,
    address: &'a str,
    button: String,
}

#[derive(Template)]
#[template(path = "confirmed.html")]
struct ConfirmedPage<'a> {
    frame: Frame<'a>,
    manage_href: &'a str,
    secret: Option<&'a str>,
}

/// The form for new subscribers, or that it was taken: the same whether the address was known or not.
pub(crate) fn subscribe(scene: &Scene<'_>, form: &SubscribeForm) -> Rendered {
    let (words, parts) = (&scene.words, PageParts::from(scene));
    let mut frame = Frame::of(&words.say("subscribe"), &parts, "/subscribe");
    frame.description = words.say_with("subscribe-description", &[("title", scene.title().into())]);
    let sent = if ["webhook", "slack"].contains(&form.kind.as_str()) { form.kind.as_str() } else { "email" };
    if form.done {
        frame.index = false;
        let text = words.say(&format!("subscribe-done-{sent}"));
        let link = Some((scene.link(""), words.say("back-to-status")));
        let page = MessagePage { frame, headline: words.say("subscribe-done"), text, link };
        return rendered(Kind::Refusal, StatusCode::OK, &page, None);
    }
    let kinds = [ChannelKind::Email, ChannelKind::Webhook, ChannelKind::Slack].map(ChannelKind::as_str);
    let kind = |kind: &str| Choice {
        value: kind.to_owned(),
        label: words.say(&format!("channel-{kind}")),
        checked: kind == sent,
    };
    let page = SubscribePage {
        frame,
        action: scene.link("/subscribe"),
        kinds: kinds.into_iter().map(kind).collect(),
        address: &form.address,
        choices: choices(Some(scene.snapshot), (&form.components, &form.events), &form.faults, *words),
    };
    rendered(Kind::Refusal, status(&form.faults), &page, None)
}

/// What a subscriber may choose anew; without a snapshot there are no components to choose from.
pub(crate) fn manage(parts: &PageParts<'_>, snapshot: Option<&StatusSnapshot>, form: &ManageForm) -> Rendered {
    let frame = secret_frame("manage", parts);
    let choices = choices(snapshot, (&form.components, &form.events), &form.faults, parts.words);
    rendered(Kind::Refusal, status(&form.faults), &ManagePage { frame, form, choices }, None)
}

/// Whether somebody really wants to subscribe; `address` is what may be shown of it.
pub(crate) fn confirm_ask(parts: &PageParts<'_>, address: &str) -> Rendered {
    ask("confirm-ask", parts, address)
}

/// Somebody has subscribed. A webhook's secret is shown this once.
pub(crate) fn confirmed(parts: &PageParts<'_>, manage_href: &str, secret: Option<&str>) -> Rendered {
    let page = ConfirmedPage { frame: secret_frame("confirmed", parts), manage_href, secret };
    rendered(Kind::Refusal, StatusCode::OK, &page, None)
}

/// Whether somebody really wants to hear no more; `address` is what may be shown of it.
pub(crate) fn unsubscribe_ask(parts: &PageParts<'_>, address: &str) -> Rendered {
    ask("unsubscribe-ask", parts, address)
}

/// Somebody hears no more.
pub(crate) fn unsubscribed(parts: &PageParts<'_>) -> Rendered {
    told("unsubscribed", StatusCode::OK, parts)
}

/// A link leads to no subscriber, or has ended.
pub(crate) fn link_unknown(parts: &PageParts<'_>) -> Rendered {
    told("link-unknown", StatusCode::NOT_FOUND, parts)
}

fn ask(key: &str, parts: &PageParts<'_>, address: &str) -> Rendered {
    let words = &parts.words;
    let page = AskPage {
        frame: secret_frame(key, parts),
        headline: words.say(key),
        text: words.say_with(&format!("{key}-text"), &[("title", parts.page.title(parts.name).into())]),
        address,
        button: words.say(&format!("{key}-button")),
    };
    rendered(Kind::Refusal, StatusCode::OK, &page, None)
}

fn told(key: &str, status: StatusCode, parts: &PageParts<'_>) -> Rendered {
    let words = &parts.words;
    let link = Some((parts.link(""), words.say("back-to-status")));
    let text = words.say(&format!("{key}-text"));
    let page = MessagePage { frame: secret_frame(key, parts), headline: words.say(key), text, link };
    rendered(Kind::Refusal, status, &page, None)
}

/// Around a page whose address is a secret: no other language leads to it, and no search engine.
fn secret_frame<'a>(key: &str, parts: &PageParts<'a>) -> Frame<'a> {
    let mut frame = Frame::of(&parts.words.say(key), parts, "/subscribe");
    (frame.index, frame.languages) = (false, false);
    if let Some(owner) = &mut frame.owner {
        owner.nav.iter_mut().for_each(|link| link.current = None);
    }
    frame
}

fn status(faults: &[(&str, &str)]) -> StatusCode {
    if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
}

fn choices(
    snapshot: Option<&StatusSnapshot>,
    (components, events): (&BTreeSet<String>, &BTreeSet<String>),
    faults: &[(&'static str, &'static str)],
    words: Words,
) -> Choices {
    let all = snapshot.map_or(&[][..], |snapshot| &snapshot.components);
    let component = all.iter().map(|one| Choice {
        value: one.id.to_string(),
        label: one.name.clone(),
        checked: components.contains(one.id.as_str()),
    });
    let event = EventKind::ALL.map(EventKind::as_str).map(|kind| Choice {
        value: kind.to_owned(),
        label: words.say(&format!("event-{kind}")),
        checked: events.is_empty() || events.contains(kind),
    });
    let fault = |(field, key): &(&'static str, &'static str)| Fault { field, text: words.say(key) };
    Choices { components: component.collect(), events: event.into(), faults: faults.iter().map(fault).collect() }
}
