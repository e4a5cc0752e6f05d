//! What holds of any text that is read as a DSN, an origin or an alias. The fuzz target includes this file, so that it
//! looks for the same as the tests.

use plimsoll_domain::frontend::{Alias, AllowedOrigin, Dsn};
use url::Url;

/// Panics where a law is broken.
pub(crate) fn hold(text: &str) {
    if let Ok(dsn) = text.parse::<Dsn>() {
        leads_where_it_says(&dsn, text);
    }
    if let Ok(origin) = text.parse::<AllowedOrigin>() {
        assert_eq!(origin.as_str().parse().as_ref(), Ok(&origin), "it has one form");
        // A star alone permits everything; as an origin of its own, a pattern is none.
        assert!(text == "*" || !origin.permits("null") && !origin.permits(""));
        assert_eq!(origin.permits(origin.as_str()), !origin.as_str().contains("://*"));
    }
    if let Ok(alias) = text.parse::<Alias>() {
        assert_eq!(alias.as_str(), text);
        let base = Url::parse("https://h").expect("a URL");
        assert_eq!(base.join(text).expect("a path").path(), text, "a browser asks for it as it is");
    }
}

fn leads_where_it_says(dsn: &Dsn, text: &str) {
    assert_eq!(dsn.as_str().parse().as_ref(), Ok(dsn), "it has one form");
    let stored = serde_json::to_string(dsn).expect("serialises");
    assert_eq!(serde_json::from_str::<Dsn>(&stored).expect("what is stored is read again"), *dsn);
    let given = Url::parse(text).expect("it was read as a URL");
    let to = Url::parse(dsn.envelope_url()).expect("a URL");
    assert_eq!(to.as_str(), dsn.envelope_url(), "a client asks for it as it is");
    assert_eq!(to.origin(), given.origin());
    assert_eq!(given.username(), dsn.public_key());
    assert!(to.username().is_empty() && to.password().is_none() && to.query().is_none() && to.fragment().is_none());
    let project = dsn.as_str().rsplit('/').next().expect("a project");
    assert!(to.path().ends_with(&format!("/api/{project}/envelope/")), "{to}");
    assert_eq!(format!("{dsn:?}"), format!("Dsn({to})"));
}
