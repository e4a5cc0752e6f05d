//! Requests: what is asked of the API and of the site, and by whom.

use super::buckets::{BODY, REQUEST};
use super::kinds::{Area, Instrument, Kind, Label, Measure};

const METHOD: Label =
    Label::one_of("method", &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "OTHER"]);
const ROUTE: Label =
    Label::bound_by("route", "the routes of the API and of the site, as they are declared, and `unmatched`");

const fn sizes(name: &'static str, help: &'static str) -> Instrument {
    Instrument { name, kind: Kind::Histogram(&BODY), measure: Measure::Bytes, help, labels: &[METHOD, ROUTE] }
}

pub(super) const AREA: Area = Area {
    title: "Requests",
    instruments: &[
        Instrument::counter(
            "plimsoll_http_requests_total",
            "Requests that were answered.",
            &[METHOD, ROUTE, Label::bound_by("status", "the status codes that the program answers with")],
        ),
        Instrument::times(
            "plimsoll_http_request_duration_seconds",
            &REQUEST,
            "Time from a request's head to its answer's.",
            &[METHOD, ROUTE],
        ),
        Instrument::gauge("plimsoll_http_requests_in_flight", Measure::Count, "Requests that are being answered.", &[]),
        sizes("plimsoll_http_request_size_bytes", "Sizes of the bodies of requests."),
        sizes("plimsoll_http_response_size_bytes", "Sizes of the bodies of answers, as they are sent."),
        Instrument::counter(
            "plimsoll_tenant_api_requests_total",
            "Requests with a tenant's key, or that name a tenant.",
            &[Label::bound_by("tenant", "at most `PLIMSOLL_METRICS_TENANTS` tenants, and `_other` for the rest")],
        ),
        Instrument::counter(
            "plimsoll_auth_total",
            "Keys that were asked for, by what came of it.",
            &[Label::one_of("result", &["ok", "missing", "malformed", "unknown", "forbidden"])],
        ),
        Instrument::counter(
            "plimsoll_page_views_total",
            "Views of the status site.",
            &[Label::one_of(
                "page",
                &["overview", "incidents", "incident", "component", "history", "subscribe", "feed", "json"],
            )],
        ),
        Instrument::counter(
            "plimsoll_audit_entries_total",
            "Changes that were written into the audit log, by the role of whoever made them.",
            &[Label::one_of("role", &["root", "admin", "operator", "ingest", "viewer"])],
        ),
        Instrument::counter(
            "plimsoll_audit_failures_total",
            "Changes that could not be written into the audit log.",
            &[],
        ),
        Instrument::counter(
            "plimsoll_audit_refusals_total",
            "Refusals for want of a role that left no entry of their own in the audit log, since one like it was left within the minute; by the role of whoever asked.",
            &[Label::one_of("role", &["root", "admin", "operator", "ingest", "viewer"])],
        ),
    ],
};
