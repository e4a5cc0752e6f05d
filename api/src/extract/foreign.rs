//! Programs that take us for an Alertmanager: who they are, and what they can read when something is wrong.
//!
//! A Prometheus can be configured with a Bearer token or with Basic, where the password is the key. It reads an error as
//! Alertmanager writes it: a JSON string, and 400 for everything that is wrong with a body.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, RefOr, ResponseBuilder, Type};

use super::caller::{Caller, Needs, Scoped, bearer, refused};
use super::verdict::Verdict;
use crate::problem::Problem;
use crate::state::ApiState;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"plimsoll\"");

/// A problem, told as Alertmanager tells it.
pub(crate) struct Words(Problem);

/// What `T` extracts; what is wrong is told in [`Words`].
pub(crate) struct Foreign<T>(pub(crate) T);

/// [`Scoped`], for a key that may come by Basic, too.
pub(crate) struct ForeignScope<R>(pub(crate) Scoped<R>);

impl<E: Into<Problem>> From<E> for Words {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Words {
    fn into_response(self) -> Response {
        if let Some(cause) = self.0.cause() {
            tracing::error!(cause, "request failed");
        }
        let text = serde_json::Value::from(self.0.in_words());
        let mut response = self.0.into_response();
        // What is left of it would be written as a problem by the edge.
        response.extensions_mut().remove::<Problem>();
        *response.body_mut() = Body::from(text.to_string());
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        match response.status() {
            StatusCode::UNAUTHORIZED => {
                response.headers_mut().append(WWW_AUTHENTICATE, CHALLENGE);
            }
            StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                *response.status_mut() = StatusCode::BAD_REQUEST;
            }
            _ => {}
        }
        response
    }
}

impl IntoResponses for Words {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let content = ContentBuilder::new().schema(Some(text)).build();
        let response = ResponseBuilder::new()
            .description("Why it was not carried out, as a JSON string")
            .content("application/json", content)
            .build();
        BTreeMap::from([("default".to_owned(), response.into())])
    }
}

impl<T: FromRequest<ApiState, Rejection = Problem>> FromRequest<ApiState> for Foreign<T> {
    type Rejection = Words;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Words> {
        Ok(Self(T::from_request(request, state).await?))
    }
}

impl<R: Needs> FromRequestParts<ApiState> for ForeignScope<R> {
    type Rejection = Words;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Words> {
        let header = parts.headers.get(AUTHORIZATION);
        let header = header
            .ok_or_else(|| refused(state, Verdict::Missing, "This needs an API key: send it by Bearer or Basic."))?;
        let wrong = || {
            refused(
                state,
                Verdict::Malformed,
                "Authorization is neither Bearer plk_… nor Basic with the key as password.",
            )
        };
        let header = header.to_str().map_err(|_| wrong())?;
        let key = bearer(header).map(str::to_owned).or_else(|| password(header)).ok_or_else(wrong)?;
        let caller = Caller::of_key(&key, state).await?;
        Ok(Self(Scoped::of(caller, parts, state).await?))
    }
}

/// The password of a header of Basic; whose it is said to be does not matter.
fn password(header: &str) -> Option<String> {
    let (scheme, text) = header.split_once(' ')?;
    let bytes = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(text.trim()).ok())??;
    let (_, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    (!password.is_empty()).then(|| password.to_owned())
}
