//! Reports of errors become envelopes that others read too, whatever stands in them.

use plimsoll_domain::frontend::{App, Counted, Counts, EnvelopeHeader, Level, RateLimits, Report, SampleRates};
use plimsoll_domain::time::Timestamp;
use proptest::prelude::*;
use sentry_types::protocol::v7;

use crate::envelope_laws::{hold, in_pieces};
use crate::payloads::text;

const ID: &str = "9ec79c33ec9942ab8353589fcb2e04dc";

fn app(environment: Option<String>, release: Option<String>) -> App {
    App {
        id: "web".parse().expect("an id"),
        key: "pla_x".to_owned(),
        name: "Web".to_owned(),
        dsn: "https://k@sentry.example/1".parse().expect("a DSN"),
        environment,
        release,
        sample_rates: SampleRates::default(),
        allowed_origins: Vec::new(),
        rate_limits: RateLimits::default(),
        tunnel: None,
        created_at: Timestamp::from_seconds(0),
        dsn_since: Timestamp::from_seconds(0),
    }
}

fn report() -> impl Strategy<Value = Report> {
    let maybe = || prop::option::of(text(20));
    let level = prop::option::of(prop::sample::select(Level::ALL.to_vec()));
    (text(60), maybe(), maybe(), maybe(), maybe(), level).prop_map(|(message, kind, stack, url, release, level)| {
        Report { message, kind, stack, url, release, level: level.map(|level| level.as_str().to_owned()) }
    })
}

proptest! {
    #[test]
    fn a_report_is_an_envelope_of_one_event_of_its_level(
        report in report(),
        (environment, release, agent) in (prop::option::of(text(8)), prop::option::of(text(8)), prop::option::of(text(20))),
        millis in 0..4_000_000_000_000_i64,
    ) {
        let app = app(environment, release);
        let envelope = report.envelope(&app, ID, agent.as_deref(), Timestamp::from_millis(millis));
        hold(&envelope);
        let read = in_pieces(&envelope, &[5]);
        // A level that Sentry has not is none.
        let level = report.level.as_deref().and_then(Level::named).unwrap_or(Level::Error);
        let mut expected = Counts::default();
        expected.count(Counted::events(level), 1);
        prop_assert!(read.is_whole);
        prop_assert_eq!(read.counts, expected);
        let first = envelope.split(|byte| *byte == b'\n').next().expect("a line");
        let header = EnvelopeHeader::read(first).expect("a header");
        prop_assert_eq!(header.dsn.as_deref(), Some(app.dsn.as_str()));
        prop_assert_eq!(header.event_id(), Some(ID.to_owned()));
    }

    #[test]
    fn a_report_is_read_by_the_sdks_own_parser(
        mut report in report(),
        (environment, agent) in (prop::option::of(text(8)), prop::option::of(text(20))),
        millis in 0..4_000_000_000_000_i64,
    ) {
        // That parser takes URLs only; Sentry itself takes any text.
        report.url = report.url.map(|_| "https://shop.example/a?b".to_owned());
        let app = app(environment, None);
        let bytes = report.envelope(&app, ID, agent.as_deref(), Timestamp::from_millis(millis));
        let envelope = v7::Envelope::from_slice(&bytes).expect("an envelope");
        prop_assert_eq!(envelope.items().count(), 1);
        let event = envelope.event().expect("an event");
        prop_assert_eq!(event.event_id.simple().to_string(), ID);
        prop_assert_eq!(envelope.uuid(), Some(&event.event_id));
        let level = report.level.as_deref().and_then(Level::named).unwrap_or(Level::Error);
        prop_assert_eq!(event.level.to_string(), level.as_str());
        let told = event.exception.values.first().expect("an exception");
        prop_assert_eq!(told.value.as_ref(), Some(&report.message));
        prop_assert_eq!(&told.ty, report.kind.as_deref().unwrap_or("Error"));
        prop_assert_eq!(event.release.as_deref(), report.release.as_deref());
        prop_assert_eq!(event.environment.as_deref(), app.environment.as_deref());
        let agent_told = event.request.as_ref().and_then(|request| request.headers.get("User-Agent"));
        prop_assert_eq!(agent_told, agent.as_ref());
    }
}
