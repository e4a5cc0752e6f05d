//! What the variables of OpenTelemetry and our own come to.

use std::collections::HashMap;

use super::super::{Config, Listing};
use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<TelemetryConfig, ConfigError> {
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::read(None, &environment).map(|config| config.telemetry)
}

#[test]
fn without_anything_nothing_is_sent_and_everything_counted() {
    let telemetry = read(&[]).expect("valid");
    assert!(telemetry.traces.is_none() && telemetry.pyroscope.is_none() && telemetry.own_errors.is_none());
    assert_eq!(telemetry.metrics, MetricsConfig { enabled: true, tenants: 1_000 });
}

#[test]
fn an_endpoint_turns_traces_on_and_a_word_turns_them_on_or_off() {
    let on = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example.com:4317")]).expect("valid");
    let traces = on.traces.expect("on");
    assert_eq!(
        (traces.endpoint.as_str(), traces.service_name.as_str()),
        ("https://otel.example.com:4317/", "plimsoll")
    );
    assert_eq!(traces.sampler, TraceSampler { parent_based: true, ratio: 0.1 });
    let by_word = read(&[("OTEL_ENABLED", "true")]).expect("valid").traces.expect("on");
    assert_eq!(by_word.endpoint.port(), Some(4317));
    let off = [("OTEL_ENABLED", "false"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")];
    assert!(read(&off).expect("valid").traces.is_none());
}

#[test]
fn samplers_have_the_names_of_the_standard() {
    for (name, parent_based, ratio) in [
        ("always_on", false, 1.0),
        ("always_off", false, 0.0),
        ("traceidratio", false, 0.25),
        ("parentbased_always_on", true, 1.0),
        ("parentbased_always_off", true, 0.0),
        ("parentbased_traceidratio", true, 0.25),
    ] {
        let given = [("OTEL_ENABLED", "1"), ("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", "0.25")];
        let traces = read(&given).expect("valid").traces.expect("on");
        assert_eq!(traces.sampler, TraceSampler { parent_based, ratio }, "{name}");
    }
}

#[test]
fn what_is_secret_is_kept_and_shown_to_nobody() {
    let environment = [
        ("OTEL_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-scope=acme, authorization=Basic%20czNjcjN0"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=blue,host.name=a%2Cb"),
        ("PLIMSOLL_PYROSCOPE_URL", "https://user:czNjcjN0@pyroscope.example.com"),
        ("PLIMSOLL_SENTRY_DSN", "https://czNjcjN0@sentry.example.com/7"),
    ];
    let telemetry = read(&environment).expect("valid");
    let shown = format!("{telemetry:?} {}", telemetry.public_view());
    assert!(!shown.contains("czNjcjN0"), "{shown}");
    assert!(telemetry.public_view().to_string().contains("pyroscope.example.com"));
    let traces = telemetry.traces.expect("on");
    assert_eq!(traces.headers[1].1.expose_secret(), "Basic czNjcjN0");
    assert_eq!(traces.resource[1], ("host.name".to_owned(), "a,b".to_owned()));
    assert_eq!(telemetry.own_errors.expect("given").environment, "production");
}

#[test]
fn a_key_in_the_query_of_an_address_is_shown_to_nobody() {
    for query in ["apikey=czNjcjN0", "a=b&token=czNjcjN0", "key=czNjcjN0", "sig=czNjcjN0#x", "API_KEY=czNjcjN0"] {
        let url = format!("http://pyroscope.example.com/?{query}");
        let environment = HashMap::from([("PLIMSOLL_PYROSCOPE_URL".to_owned(), url)]);
        let config = Config::read(None, &environment).expect("valid");
        let listed = Listing::of(None, &environment);
        let shown = format!("{config:?} {} {listed:?}", config.public_view());
        assert!(!shown.contains("czNjcjN0"), "{query}: {shown}");
        assert!(config.public_view().to_string().contains("pyroscope.example.com"), "{query}: {shown}");
    }
}

#[test]
fn what_is_wrong_is_refused_by_its_key_without_repeating_it() {
    for (name, value, expected) in [
        ("OTEL_ENABLED", "czNjcjN0", "a boolean"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4317", "http://host:port"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://127.0.0.1:4317", "got grpc:"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5", "0 to 1"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=b,c", "number 2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "czNjcjN0", "number 1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=czNjcjN0", "number 1"),
        ("PLIMSOLL_METRICS_TENANTS", "many", "integer"),
        ("PLIMSOLL_PYROSCOPE_URL", "user:czNjcjN0@host", "http://host:port"),
        ("PLIMSOLL_SENTRY_DSN", "https://sentry.example.com/7", "https://HOST/PROJECT with KEY@"),
        ("PLIMSOLL_SENTRY_DSN", "https://czNjcjN0@sentry.example.com", "https://HOST/PROJECT with KEY@"),
    ] {
        let error = read(&[(name, value)]).expect_err("refused");
        let told = format!("{error} {error:?}");
        assert!(told.contains(name) && told.contains(expected), "{name}: {told}");
        assert!(name == "OTEL_ENABLED" || !told.contains("czNjcjN0"), "{told}");
        assert_eq!(masking::mask_text(&error.to_string()), error.to_string(), "what is expected is told whole");
    }
}

#[test]
fn variables_of_the_standard_that_are_not_heeded_are_not_refused() {
    let others =
        [("OTEL_LOGS_EXPORTER", "none"), ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "5"), ("OTEL_SERVICE_NAME", "")];
    assert!(read(&others).expect("valid").traces.is_none());
}
