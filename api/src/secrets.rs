//! How secrets that people configured are shown again, and when a mask may stand for what it hides.

use url::Url;

/// What stands for the part of a secret that is not shown.
const MASK: &str = "••••";
/// Characters that are shown at the end of a long one.
const SHOWN: usize = 4;

/// The last four characters, unless that would be a good part of the secret.
pub(crate) fn mask(secret: &str) -> String {
    let count = secret.chars().count();
    let shown = if count >= 3 * SHOWN { SHOWN } else { 0 };
    secret.chars().skip(count - shown).fold(MASK.to_owned(), |text, c| text + c.encode_utf8(&mut [0; 4]))
}

/// `url` with everything after scheme, host and port masked, where there is any.
pub(crate) fn mask_url(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else { return MASK.to_owned() };
    let origin = parsed.origin().ascii_serialization();
    let full = parsed.as_str();
    let rest = full.get(origin.len()..).filter(|_| full.starts_with(&origin));
    match rest.map(|rest| rest.strip_prefix('/').unwrap_or(rest)) {
        Some("") => url.to_owned(),
        Some(rest) => format!("{origin}/{}", mask(rest)),
        None => MASK.to_owned(),
    }
}

/// Whether a part of this stands for something that is not shown.
pub(crate) fn is_masked(text: &str) -> bool {
    text.contains(MASK)
}

/// Whether this is a mask, which is no secret that anybody has.
pub(crate) fn is_mask(text: &str) -> bool {
    text.starts_with(MASK)
}

/// Whether both URLs lead to the same scheme, host and port.
pub(crate) fn same_origin(url: &str, other: &str) -> bool {
    let origin = |url: &str| {
        let url = Url::parse(url).ok()?;
        Some((url.scheme().to_owned(), url.host_str()?.to_owned(), url.port_or_known_default()))
    };
    origin(url).is_some() && origin(url) == origin(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_however_they_are_written() {
        assert!(same_origin("http://a.example/x", "HTTP://A.example:80/y?z"));
        for other in ["https://a.example/", "http://a.example:81/", "http://b.example/", "http://a.example.evil/"] {
            assert!(!same_origin("http://a.example/", other), "{other}");
        }
        assert!(!same_origin("a.example", "a.example"));
    }

    #[test]
    fn of_a_url_only_its_origin_and_the_end_of_a_long_path_are_shown() {
        assert_eq!(mask_url("https://hooks.example/services/T0/secret-1234"), "https://hooks.example/••••1234");
        assert_eq!(mask_url("http://hooks.example:8080/?token=abcdefgh1234"), "http://hooks.example:8080/••••1234");
        assert_eq!(mask_url("https://hooks.example/x"), "https://hooks.example/••••");
        for plain in ["https://hooks.example/", "https://hooks.example", "http://HOOKS.example:80/"] {
            assert_eq!(mask_url(plain), plain);
        }
        assert_eq!(mask_url("https://user:pass@hooks.example/x"), "••••");
        assert_eq!(mask_url("nonsense"), "••••");
    }

    #[test]
    fn a_mask_shows_little_of_a_long_secret_and_nothing_of_a_short_one() {
        assert_eq!(mask("a-long-secret-1234"), "••••1234");
        assert_eq!(mask("short"), "••••");
    }
}
