//! What the site serves to programs, described, to be merged into the one OpenAPI document.
//!
//! Feeds and the Statuspage API are standards of their own: they are listed here, and described where they were made.

use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, OpenApi, Required, Response, ResponseBuilder};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const HTML: &str = "text/html";

/// Path below the page, operation, what it answers with, and what it is.
const READ: [(&str, &str, &str, &str); 13] = [
    ("feed.atom", "page_atom", "application/atom+xml", "Incidents and announced maintenance, as Atom"),
    ("feed.rss", "page_rss", "application/rss+xml", "Incidents and announced maintenance, as RSS 2.0"),
    ("feed.json", "page_json_feed", "application/feed+json", "Incidents and announced maintenance, as a JSON Feed"),
    ("calendar.ics", "page_calendar", "text/calendar", "Announced maintenance, as iCalendar"),
    ("badge.svg", "page_badge", "image/svg+xml", "The status as a picture; of one component with ?component="),
    ("api/v2/summary.json", "page_summary", JSON, "Statuspage API v2: everything that is so now"),
    ("api/v2/status.json", "page_status", JSON, "Statuspage API v2: the status"),
    ("api/v2/components.json", "page_components", JSON, "Statuspage API v2: the components"),
    ("api/v2/incidents.json", "page_incidents", JSON, "Statuspage API v2: the 50 newest incidents"),
    ("api/v2/incidents/unresolved.json", "page_unresolved", JSON, "Statuspage API v2: incidents that are not over"),
    ("api/v2/scheduled-maintenances.json", "page_maintenances", JSON, "Statuspage API v2: maintenance"),
    (
        "api/v2/scheduled-maintenances/upcoming.json",
        "page_upcoming",
        JSON,
        "Statuspage API v2: maintenance that has not begun",
    ),
    ("api/v2/scheduled-maintenances/active.json", "page_active", JSON, "Statuspage API v2: maintenance that goes on"),
];

/// What this crate serves to programs, to be merged into the one OpenAPI document.
pub fn openapi() -> OpenApi {
    let mut document = crate::json::openapi();
    for (path, name, media_type, summary) in READ {
        let mut operation = operation(name, summary)
            .response("200", answer("The last known state", media_type))
            .response("304", ResponseBuilder::new().description("Nothing changed"));
        if path == "badge.svg" {
            operation = operation.parameter(parameter("component", ParameterIn::Query, "Only this component"));
        }
        // Statuspage answers in JSON also when it has nothing to say; a feed's reader gets the page.
        let refusal = if media_type == JSON { PROBLEM } else { HTML };
        let operation = operation.response("404", answer("There is no such page, for whoever asks", refusal));
        document.paths.paths.insert(format!("/s/{{slug}}/{path}"), PathItem::new(HttpMethod::Get, operation));
    }
    let subscribe = operation("page_subscribe", "Statuspage API v2: subscribe by mail or webhook")
        .response("201", answer("It is asked for: whoever is reached is sent a link to confirm it", JSON))
        .response("404", answer("There is no such page, for whoever asks, or it takes no subscribers", PROBLEM))
        .response("422", answer("It cannot be read", PROBLEM))
        .response("429", answer("Too many were asked for", PROBLEM));
    let subscribe = PathItem::new(HttpMethod::Post, subscribe);
    document.paths.paths.insert("/s/{slug}/api/v2/subscribers.json".to_owned(), subscribe);
    let ask = OperationBuilder::new()
        .tag("public")
        .operation_id(Some("tls_ask"))
        .summary(Some("Whether a certificate may be made for a name: for a proxy that makes them on demand"))
        .parameter(parameter("domain", ParameterIn::Query, "The name"))
        .response("200", answer("A page stands under it", "text/plain"))
        .response("404", answer("None does", "text/plain"));
    document.paths.paths.insert("/internal/tls/ask".to_owned(), PathItem::new(HttpMethod::Get, ask));
    document
}

fn operation(name: &str, summary: &str) -> OperationBuilder {
    OperationBuilder::new().tag("public").operation_id(Some(name)).summary(Some(summary)).parameter(parameter(
        "slug",
        ParameterIn::Path,
        "The tenant's slug",
    ))
}

fn parameter(name: &str, within: ParameterIn, words: &str) -> ParameterBuilder {
    let required = if matches!(within, ParameterIn::Path) { Required::True } else { Required::False };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(within)
        .required(required)
        .description(Some(words))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
}

fn answer(words: &str, media_type: &str) -> Response {
    ResponseBuilder::new().description(words).content(media_type, Content::default()).build()
}
