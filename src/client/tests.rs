//! What is said of refusals, and of servers that are not there.

use super::*;

fn words(status: u16, body: &'static str, key: Option<&str>) -> String {
    let server = "http://127.0.0.1:9/".parse().expect("a URL");
    let client = Client::new(&server, key.map(SecretString::from).as_ref()).expect("a client");
    let status = StatusCode::from_u16(status).expect("a status");
    let response = Response { status, headers: HeaderMap::new(), body: body.into(), certificate_expires_at: None };
    Refusal::read(&response, &client).words()
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    assert!(words(401, "", None).contains("set PLIMSOLL_KEY"));
    assert!(words(401, "", Some(" ")).contains("set PLIMSOLL_KEY"), "an empty key is none");
    assert!(words(401, "", Some("plk_x")).contains("does not know the key"));
    let forbidden = words(403, r#"{"detail": "The key is of another tenant."}"#, Some("plk_x"));
    assert!(forbidden.ends_with(": The key is of another tenant."), "{forbidden}");
    assert!(words(502, "<html>", None).contains("502"));
    assert!(words(302, "", None).contains("name the server itself"));
    assert!(words(412, "", None).contains("meanwhile"));
    let refused = r#"{"detail": "No.", "errors": [{"pointer": "/name", "detail": "expected a name"}]}"#;
    assert!(words(422, refused, None).ends_with(": No.; /name: expected a name"));
}

#[test]
fn a_key_that_no_header_carries_is_refused_without_being_shown() {
    let server = "http://127.0.0.1:9/".parse().expect("a URL");
    let error = Client::new(&server, Some(&SecretString::from("plk_a\nb"))).expect_err("no header");
    assert!(error.to_string().contains("no API key") && !format!("{error:?}").contains("plk_a"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let server = "http://127.0.0.1:9/x/".parse().expect("a URL");
    let client = Client::new(&server, None).expect("a client");
    assert_eq!(client.url("/a").expect("a URL").as_str(), "http://127.0.0.1:9/x/a");
    let error = client.get_json("/a").await.expect_err("nobody listens");
    assert!(error.to_string().contains("cannot reach http://127.0.0.1:9/x/"), "{error}");
}
