//! Subscribing by the page. Nothing here says whether an address is known.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::subscriber::{BY_PUBLIC, Channel, ChannelKind, EventKind, Subscription};
use plimsoll_store::StoreError;
use plimsoll_store::limits::Limits;
use plimsoll_store::subscribing::AskError;
use plimsoll_words::Locale;

use super::forms::Form;
use super::{Served, Site_};
use crate::access::client;
use crate::entering::Entered;
use crate::limits::counted;
use crate::pages::{self, SubscribeForm};
use crate::rendered_view::{RenderedView, Variant};
use crate::site::{Missing, Site};

/// When a page that is full may have room again.
const FULL_SECONDS: u64 = 3_600;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/s/{slug}/subscribe", get(empty_form).post(asked))
        .route("/s/{slug}/api/v2/subscribers.json", post(super::subscribers::create))
}

/// Counts those who subscribe.
pub(super) struct Desk {
    by_client: Limits<IpAddr>,
    by_page: Limits<TenantId>,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self { by_client: Limits::per_minutes(&[(5, 1), (20, 60)]), by_page: Limits::per_minutes(&[(120, 60)]) }
    }
}

/// What came of asking to be subscribed.
pub(super) enum Asked {
    /// It was taken, or looks as if it was.
    Taken,
    /// What is wrong: field and key of the phrase.
    Wrong(Faults),
    /// Too many have asked; after so many seconds it goes on.
    TooMany(u64),
    /// No more can be taken.
    Full,
    /// The store does not answer.
    Unavailable,
}

/// What somebody wants to hear of, and where.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) kind: String,
    pub(super) address: String,
    pub(super) components: BTreeSet<String>,
    pub(super) events: BTreeSet<String>,
    /// Whether a field was filled in that no person sees.
    pub(super) is_bait_taken: bool,
}

impl Wanted {
    /// What a form asks for.
    pub(super) fn of(form: &Form) -> Self {
        Self {
            kind: form.first("kind").to_owned(),
            address: form.first("address").to_owned(),
            components: form.all("components").map(str::to_owned).collect(),
            events: form.all("events").map(str::to_owned).collect(),
            is_bait_taken: !form.first("website").is_empty(),
        }
    }

    /// What is to be said of an address that is none.
    fn address_fault(&self) -> &'static str {
        match self.kind.as_str() {
            "webhook" => "fault-url",
            "slack" => "fault-slack",
            _ => "fault-email",
        }
    }

    /// What is wrong with it, or what it asks for.
    fn read(&self, view: &RenderedView, locale: Locale, site: &Site) -> Result<Subscription, Faults> {
        let kind = match self.kind.as_str() {
            "" | "email" => Some(ChannelKind::Email),
            "webhook" => Some(ChannelKind::Webhook),
            "slack" => Some(ChannelKind::Slack),
            _ => None,
        };
        let chosen = chosen(view, &self.components, &self.events);
        let (Some(kind), Ok((components, events))) = (kind, &chosen) else {
            let mut faults = chosen.err().unwrap_or_default();
            faults.extend(kind.is_none().then_some(("kind", "fault-kind")));
            return Err(faults);
        };
        let channel = Channel::new(kind, &self.address, &*site.parts.entropy);
        let locale = Some(locale.tag().to_owned());
        Ok(Subscription { channel, components: components.clone(), events: events.clone(), locale })
    }
}

/// What is wrong: fields, and the keys of what is to be said of them.
pub(super) type Faults = Vec<(&'static str, &'static str)>;

/// What somebody wants to hear of.
pub(super) type Chosen = (BTreeSet<ComponentId>, BTreeSet<EventKind>);

/// Components and kinds of events that the page knows.
pub(super) fn chosen(
    view: &RenderedView,
    components: &BTreeSet<String>,
    events: &BTreeSet<String>,
) -> Result<Chosen, Faults> {
    let component = |id: &String| id.parse().ok().filter(|id| view.shows(id));
    let event = |name: &String| EventKind::ALL.into_iter().find(|kind| kind.as_str() == name);
    let found: Option<BTreeSet<_>> = components.iter().map(component).collect();
    let kinds: Option<BTreeSet<_>> = events.iter().map(event).collect();
    match (found, kinds) {
        (Some(found), Some(kinds)) => Ok((found, kinds)),
        (None, _) => Err(vec![("components", "fault-components")]),
        (_, None) => Err(vec![("events", "fault-events")]),
    }
}

async fn empty_form(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    served.views.subscribe.increment(1);
    let request = request.into_parts().0;
    let (entered, variant) = match served.welcome(&slug, &request).await {
        Ok(welcomed) => welcomed,
        Err(refused) => return *refused,
    };
    if !served.takes_subscribers(&entered) {
        return served.refuse(Missing::Nowhere, Some(&slug), &request);
    }
    // A link on a component's page leads here with it.
    let components = Form::parse(request.uri.query().unwrap_or_default().as_bytes());
    let components = components.all("component").map(str::to_owned).collect();
    let form = SubscribeForm { components, ..SubscribeForm::default() };
    served.answered(&entered, &variant, &form, &request)
}

async fn asked(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let (request, body) = request.into_parts();
    let entered = match served.site.enter(&slug, &request).await {
        Ok(entered) if served.takes_subscribers(&entered) => entered,
        Ok(_) => return served.refuse(Missing::Nowhere, Some(&slug), &request),
        Err(missing) => return served.refuse(missing, Some(&slug), &request),
    };
    let wanted = match Form::read(body).await {
        Ok(form) => Wanted::of(&form),
        Err(status) => return status.into_response(),
    };
    let variant = served.site.variant(&entered.view, &request);
    let asked = served.ask(&entered, variant.words.locale(), &wanted, &request).await;
    let mut refused = None;
    let mut form = SubscribeForm {
        kind: wanted.kind,
        address: wanted.address,
        components: wanted.components,
        events: wanted.events,
        ..SubscribeForm::default()
    };
    match asked {
        Asked::Taken => form.done = true,
        Asked::Wrong(faults) => form.faults = faults,
        Asked::TooMany(seconds) => {
            form.faults = vec![("form", "fault-busy")];
            refused = Some((StatusCode::TOO_MANY_REQUESTS, seconds.max(1)));
        }
        Asked::Full => {
            form.faults = vec![("form", "fault-full")];
            refused = Some((StatusCode::SERVICE_UNAVAILABLE, FULL_SECONDS));
        }
        Asked::Unavailable => return served.refuse(Missing::Unavailable, Some(&slug), &request),
    }
    let mut response = served.answered(&entered, &variant, &form, &request);
    if let Some((status, seconds)) = refused {
        *response.status_mut() = status;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

impl Served {
    fn answered(&self, entered: &Entered, variant: &Variant, form: &SubscribeForm, request: &Parts) -> Response {
        let scene = entered.view.scene(variant, self.site.now());
        pages::subscribe(&scene, form).answer(&request.headers)
    }

    pub(super) fn takes_subscribers(&self, entered: &Entered) -> bool {
        self.site.parts.subscribing.is_some() && entered.view.page.config.subscribable
    }

    /// Asks whoever is reached to confirm, within the limits.
    pub(super) async fn ask(&self, entered: &Entered, locale: Locale, wanted: &Wanted, request: &Parts) -> Asked {
        let (site, tenant) = (&self.site, entered.view.tenant());
        let Some(subscribing) = &site.parts.subscribing else { return Asked::Unavailable };
        let client = counted(client(&site.settings.trusted_proxies, request));
        if let Err(seconds) = self.subscribe.by_client.take(client, site.now()) {
            return Asked::TooMany(seconds);
        }
        if wanted.is_bait_taken {
            return Asked::Taken;
        }
        let subscription = match wanted.read(&entered.view, locale, site) {
            Ok(subscription) => subscription,
            Err(faults) => return Asked::Wrong(faults),
        };
        if let Err(seconds) = self.subscribe.by_page.take(tenant.clone(), site.now()) {
            return Asked::TooMany(seconds);
        }
        match subscribing.ask(tenant, subscription, BY_PUBLIC).await {
            // Not a word about who is subscribed already.
            Ok(_) | Err(AskError::TooOften { .. }) => Asked::Taken,
            Err(AskError::Invalid(_)) => Asked::Wrong(vec![("address", wanted.address_fault())]),
            Err(AskError::Store(StoreError::Limit { .. })) => Asked::Full,
            Err(AskError::Store(error)) => {
                tracing::warn!(tenant_id = %tenant, %error, "a subscription could not be kept");
                Asked::Unavailable
            }
        }
    }
}
