//! Where the links in mails lead: confirming, choosing, leaving.
//!
//! Whoever holds what stands in a mail (an id and a token) may leave, also where the page is private: whoever wants to hear no
//! more need not log in for it. To confirm there, and to choose, they must be let in as well: a mail is passed on easily, and
//! what it subscribes to is not for everybody. What is only looked at changes nothing: mail programs look at every link.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use plimsoll_domain::ids::{SubscriberId, TenantId};
use plimsoll_domain::subscriber::{Channel, Subscriber};
use plimsoll_store::subscribing::Subscribing;

use super::forms::Form;
use super::subscribe::{Faults, Wanted, chosen};
use super::{NO_STORE, Served, Site_};
use crate::language::parameter;
use crate::pages::{self, ManageForm, PageParts};
use crate::rendered_view::{RenderedView, Variant};
use crate::site::{Found, Missing};

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/s/{slug}/subscribe/confirm", get(confirm_ask).post(confirm))
        .route("/s/{slug}/subscribe/manage", get(manage).post(rechoose))
}

/// Leaving. Pages of other sites may have it asked for: whoever does holds the token.
pub(super) fn leaving() -> Router<Arc<Served>> {
    Router::new().route("/s/{slug}/unsubscribe", get(unsubscribe_ask).post(unsubscribe))
}

/// Somebody who came by a link in a mail: the page, and who they are.
struct ByMail {
    view: Arc<RenderedView>,
    variant: Arc<Variant>,
    /// `None`: nobody is known by this link.
    subscriber: Option<Subscriber>,
    token: String,
}

impl ByMail {
    fn parts(&self) -> PageParts<'_> {
        let page = &self.view.page;
        PageParts { page: &page.config, name: &page.name, words: self.variant.words, place: &self.variant.place }
    }

    fn unknown(&self, request: &Parts) -> Response {
        pages::link_unknown(&self.parts()).answer(&request.headers)
    }

    /// The path of another page that the link of `held` opens.
    fn link(&self, held: &Subscriber, part: &str) -> String {
        let path = self.parts().link(part);
        let glue = if path.contains('?') { '&' } else { '?' };
        format!("{path}{glue}id={}&token={}", held.id, self.token)
    }
}

type Came<'a> = Result<(ByMail, &'a Subscribing), Box<Response>>;

impl Served {
    /// Who has come by a link to a page that they may see.
    async fn by_mail(&self, slug: &str, request: &Parts) -> Came<'_> {
        self.came(slug, request, false).await
    }

    /// Who has come by a link. It is looked up whether or not there is such a page; `is_enough`: whoever holds one that is good
    /// may do here what it is for, also where they may not see the page.
    async fn came(&self, slug: &str, request: &Parts, is_enough: bool) -> Came<'_> {
        let nowhere = |missing| Box::new(self.refuse(missing, Some(slug), request));
        let (Ok(tenant), Some(subscribing)) = (slug.parse::<TenantId>(), &self.site.parts.subscribing) else {
            return Err(nowhere(Missing::Nowhere));
        };
        let token = parameter(&request.uri, "token").unwrap_or_default().into_owned();
        let id = parameter(&request.uri, "id").and_then(|id| id.parse::<SubscriberId>().ok());
        let known = match &id {
            Some(id) => subscribing.known(&tenant, id, &token).await,
            None => Ok(None),
        };
        let subscriber = known.map_err(|_| nowhere(Missing::Unavailable))?;
        let view = match self.site.enter(slug, request).await {
            Ok(entered) => entered.view,
            Err(missing) if subscriber.is_none() || !is_enough => return Err(nowhere(missing)),
            Err(missing) => match self.site.find(slug).await {
                Found::View(view) => view,
                Found::Nowhere | Found::Unavailable(_) => return Err(nowhere(missing)),
            },
        };
        let variant = self.site.variant(&view, request);
        Ok((ByMail { view, variant, subscriber, token }, subscribing))
    }

    fn silent(&self, slug: &str, request: &Parts) -> Response {
        self.refuse(Missing::Unavailable, Some(slug), request)
    }
}

async fn confirm_ask(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    let (came, _) = match served.by_mail(&slug, &request).await {
        Ok(came) => came,
        Err(refused) => return *refused,
    };
    match &came.subscriber {
        Some(held) => pages::confirm_ask(&came.parts(), &held.channel.masked()).answer(&request.headers),
        None => came.unknown(&request),
    }
}

async fn confirm(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    let (came, subscribing) = match served.by_mail(&slug, &request).await {
        Ok(came) => came,
        Err(refused) => return *refused,
    };
    let Some(before) = &came.subscriber else { return came.unknown(&request) };
    match subscribing.confirm(came.view.tenant(), &before.id, &came.token).await {
        Ok(Some(held)) if held.is_active() => {
            let secret = match &held.channel {
                Channel::Webhook { secret, .. } if !before.is_active() => Some(secret.expose()),
                _ => None,
            };
            let manage = came.link(&held, "/subscribe/manage");
            pages::confirmed(&came.parts(), &manage, secret).answer(&request.headers)
        }
        Ok(_) => came.unknown(&request),
        Err(_) => served.silent(&slug, &request),
    }
}

async fn manage(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    let (came, _) = match served.by_mail(&slug, &request).await {
        Ok(came) => came,
        Err(refused) => return *refused,
    };
    match &came.subscriber {
        Some(held) => managed(&came, held, (Vec::new(), false), &request),
        None => came.unknown(&request),
    }
}

async fn rechoose(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let (request, body) = request.into_parts();
    let (came, subscribing) = match served.by_mail(&slug, &request).await {
        Ok(came) => came,
        Err(refused) => return *refused,
    };
    let Some(held) = &came.subscriber else { return came.unknown(&request) };
    let wanted = match Form::read(body).await {
        Ok(form) => Wanted::of(&form),
        Err(status) => return status.into_response(),
    };
    let (mut components, events) = match chosen(&came.view, &wanted.components, &wanted.events) {
        Ok(chosen) => chosen,
        Err(faults) => return managed(&came, held, (faults, false), &request),
    };
    // What the form does not show cannot be unticked there; and without it, whoever wanted that alone would want everything.
    components.extend(held.components.iter().filter(|id| !came.view.shows(id)).cloned());
    match subscribing.rechoose(came.view.tenant(), (&held.id, &came.token), &components, &events).await {
        Ok(Some(held)) => managed(&came, &held, (Vec::new(), true), &request),
        Ok(None) => came.unknown(&request),
        Err(_) => served.silent(&slug, &request),
    }
}

fn managed(came: &ByMail, held: &Subscriber, (faults, saved): (Faults, bool), request: &Parts) -> Response {
    let form = ManageForm {
        address: held.channel.masked(),
        components: held.components.iter().map(ToString::to_string).collect(),
        events: held.events.iter().map(|kind| kind.as_str().to_owned()).collect(),
        faults,
        saved,
        unsubscribe_href: came.link(held, "/unsubscribe"),
    };
    let snapshot = came.view.snapshot().map(|snapshot| &**snapshot);
    pages::manage(&came.parts(), snapshot, &form).answer(&request.headers)
}

async fn unsubscribe_ask(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    let (came, _) = match served.came(&slug, &request, true).await {
        Ok(came) => came,
        Err(refused) => return *refused,
    };
    match &came.subscriber {
        Some(held) => pages::unsubscribe_ask(&came.parts(), &held.channel.masked()).answer(&request.headers),
        None => came.unknown(&request),
    }
}

async fn unsubscribe(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let (request, body): (Parts, Body) = request.into_parts();
    let (came, subscribing) = match served.came(&slug, &request, true).await {
        Ok(came) => came,
        Err(refused) => return *refused,
    };
    // A mail program wants no page, and may ask twice (RFC 8058).
    let is_one_click = match Form::read(body).await {
        Ok(form) => form.first("List-Unsubscribe") == "One-Click",
        Err(status) => return status.into_response(),
    };
    let left = match &came.subscriber {
        Some(held) => subscribing.leave(came.view.tenant(), &held.id, &came.token).await,
        None => Ok(false),
    };
    match left {
        Ok(_) if is_one_click => (StatusCode::OK, [(CACHE_CONTROL, NO_STORE)], "unsubscribed\n").into_response(),
        Ok(true) => pages::unsubscribed(&came.parts()).answer(&request.headers),
        Ok(false) => came.unknown(&request),
        Err(_) => served.silent(&slug, &request),
    }
}
