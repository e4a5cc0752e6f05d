//! Aliases, by their segments.

use plimsoll_domain::frontend::Alias;
use proptest::prelude::*;

use crate::dsn_laws::hold;
use crate::payloads::text;

/// Some of what is Plimsoll's own.
const OURS: [&str; 6] = ["tenants", "api", "s", "public", "metrics", "health"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn an_alias_has_one_to_three_segments(segments in prop::collection::vec("[a-z0-9_-]{0,9}", 0..5)) {
        let path = segments.iter().fold(String::new(), |path, segment| path + "/" + segment);
        let well_formed = (1..=3).contains(&segments.len()) && segments.iter().all(|segment| !segment.is_empty());
        let ours = segments.first().is_some_and(|first| OURS.contains(&first.as_str()));
        if !well_formed || ours {
            prop_assert!(path.parse::<Alias>().is_err(), "{}", path);
        }
        // No word of two letters and a digit is one of ours.
        let (alias, is_alias) = (format!("/q7-{}", path.trim_start_matches('/')), segments.iter().all(|s| !s.is_empty()));
        let segments = alias.matches('/').count();
        prop_assert!(!is_alias || segments > 3 || alias.parse::<Alias>().is_ok(), "{}", alias);
    }

    #[test]
    fn what_is_ours_is_none(ours in prop::sample::select(OURS.to_vec()), rest in "(/[a-z]{1,5}){0,2}") {
        let path = format!("/{ours}{rest}");
        prop_assert!(path.parse::<Alias>().is_err(), "{}", path);
    }

    #[test]
    fn any_text_is_an_alias_or_none(text in text(70)) {
        hold(&text);
        hold(&format!("/{text}"));
        hold(&format!("/a/{text}"));
    }
}
