//! The door of private pages.
//!
//! It stands at every name, whether or not there is a page, or one with a password: it looks the same, and what it answers
//! takes as long. A password is hashed on a thread of its own, two at a time, so that guessing costs us little.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono_tz::Tz;
use plimsoll_domain::ids::TenantId;
use plimsoll_store::PublicPage;
use plimsoll_store::limits::Limits;
use plimsoll_words::{Locale, Words};
use tokio::sync::Semaphore;

use super::forms::Form;
use super::{Served, Site_, see_other};
use crate::access::client;
use crate::limits::counted;
use crate::pages;
use crate::scene::Place;
use crate::site::Missing;

const HASHED_AT_ONCE: usize = 2;
/// How long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_PASSWORD: usize = 1_024;

/// What is hashed where there is no password: of the same cost as one.
static NOBODYS: LazyLock<String> = LazyLock::new(|| {
    let hash = Argon2::default().hash_password_with_salt(b"nobody's", b"a salt for nobody");
    hash.map(|hash| hash.to_string()).unwrap_or_default()
});

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/s/{slug}/login", get(door).post(knock))
}

/// Counts and delays those who try passwords.
pub(super) struct Gate {
    by_client: Limits<IpAddr>,
    by_page: Limits<TenantId>,
    turns: Arc<Semaphore>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            by_client: Limits::per_minutes(&[(10, 1)]),
            by_page: Limits::per_minutes(&[(60, 1)]),
            turns: Arc::new(Semaphore::new(HASHED_AT_ONCE)),
        }
    }
}

async fn door(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    match served.standing(Some(&slug), &request) {
        Some(place) => served.form(&place, &request, false),
        None => served.refuse(Missing::Nowhere, Some(&slug), &request),
    }
}

async fn knock(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let (request, body) = request.into_parts();
    let (Some(place), Ok(tenant)) = (served.standing(Some(&slug), &request), slug.parse::<TenantId>()) else {
        return served.refuse(Missing::Nowhere, Some(&slug), &request);
    };
    if let Err(seconds) = served.may_try(&tenant, &request) {
        return served.too_many(&place, &request, seconds);
    }
    let form = match Form::read(body).await {
        Ok(form) => form,
        Err(status) => return status.into_response(),
    };
    let page = served.private_page(&tenant).await;
    let hash = page.as_ref().and_then(|page| page.config.access.password_hash.clone());
    match served.knows(hash, form.first("password")).await {
        None => served.too_many(&place, &request, PATIENCE.as_secs()),
        Some(false) => served.form(&place, &request, true),
        Some(true) => {
            let cookie = page.map(|page| served.site.doorman().cookie(&page.config, &place, None));
            see_other(&place.link("", served.reader(&request)), cookie)
        }
    }
}

impl Served {
    fn reader(&self, request: &Parts) -> Words {
        Words::new(self.site.languages.choice(request, Locale::english()).locale, Tz::UTC)
    }

    fn form(&self, place: &Place, request: &Parts, failed: bool) -> Response {
        let mut response = pages::login(place, self.reader(request), failed).answer(&request.headers);
        if failed {
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        }
        response
    }

    fn too_many(&self, place: &Place, request: &Parts, seconds: u64) -> Response {
        let mut response = self.form(place, request, true);
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        response
    }

    fn may_try(&self, tenant: &TenantId, request: &Parts) -> Result<(), u64> {
        let (now, proxies) = (self.site.now(), &self.site.settings.trusted_proxies);
        self.login.by_client.take(counted(client(proxies, request)), now)?;
        self.login.by_page.take(tenant.clone(), now)
    }

    /// The page of this name, if it is one that a password may open.
    async fn private_page(&self, tenant: &TenantId) -> Option<Arc<PublicPage>> {
        let page = self.site.settled_of(tenant).await?;
        page.config.access.private.then_some(page)
    }

    /// Whether `password` is the one that `hash` was made of; there may be none. `None`: too many others are asked first.
    async fn knows(&self, hash: Option<String>, password: &str) -> Option<bool> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.login.turns).acquire_owned()).await.ok()?.ok()?;
        let password = password.to_owned();
        let hashing = self.site.tasks.spawn_blocking(move || {
            let _turn = turn;
            let is_somebodys = hash.is_some() && password.len() <= LONGEST_PASSWORD;
            let hash = hash.as_deref().unwrap_or(&NOBODYS);
            let guess = &password.as_bytes()[..password.len().min(LONGEST_PASSWORD)];
            is_somebodys & Argon2::default().verify_password(guess, hash).is_ok()
        });
        hashing.await.ok()
    }
}
