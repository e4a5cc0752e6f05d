//! DSNs: which project of which Sentry an app's envelopes are for.
//!
//! Two DSNs are the same only when scheme, public key, host, port, path and project are: the tunnel speaks to an address
//! because a tenant configured it, and never because an envelope named it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

const LONGEST: usize = 400;

/// A DSN in its one canonical form, `https://KEY@HOST[:PORT][/PATH]/PROJECT`. Printing it for debugging hides the key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dsn {
    text: String,
    key: String,
    envelope_url: String,
}

impl Dsn {
    /// The DSN as SDKs take it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The public key. No secret, since every frontend shows it, and never logged all the same.
    pub fn public_key(&self) -> &str {
        &self.key
    }

    /// Where its envelopes are posted to: `https://HOST[:PORT][/PATH]/api/PROJECT/envelope/`. The key is not in it.
    pub fn envelope_url(&self) -> &str {
        &self.envelope_url
    }

    /// What `X-Sentry-Auth` says to whoever takes envelopes.
    pub fn auth(&self, client: &str) -> String {
        format!("Sentry sentry_version=7, sentry_client={client}, sentry_key={}", self.key)
    }
}

impl FromStr for Dsn {
    type Err = String;

    /// Refuses in words that do not repeat the text.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = |what: &str| format!("expected a DSN such as https://KEY@o1.ingest.sentry.io/2: {what}");
        if text.len() > LONGEST {
            return Err(expected(&format!("it may have {LONGEST} characters")));
        }
        let url = Url::parse(text).map_err(|error| expected(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(expected("its scheme is http or https"));
        }
        let host = url.host_str().ok_or_else(|| expected("it names a host"))?;
        let key = url.username();
        if !(1..=64).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(expected("its public key has 1 to 64 letters and digits"));
        }
        if url.password().is_some() {
            return Err(expected("a secret key has no place in a frontend"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(expected("nothing follows its project"));
        }
        let (path, project) = url.path().rsplit_once('/').ok_or_else(|| expected("its path ends in a project"))?;
        if !(1..=20).contains(&project.len()) || !project.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(expected("its path ends in a project of 1 to 20 digits"));
        }
        let (scheme, port) = (url.scheme(), url.port().map(|port| format!(":{port}")).unwrap_or_default());
        let text = format!("{scheme}://{key}@{host}{port}{path}/{project}");
        // Escapes make it longer than it was written, and what is stored is read again.
        if text.len() > LONGEST {
            return Err(expected(&format!("it may have {LONGEST} characters")));
        }
        Ok(Self {
            text,
            envelope_url: format!("{scheme}://{host}{port}{path}/api/{project}/envelope/"),
            key: key.to_owned(),
        })
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dsn({})", self.envelope_url)
    }
}

impl Serialize for Dsn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Dsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dsn(text: &str) -> Dsn {
        text.parse().expect(text)
    }

    #[test]
    fn it_says_where_envelopes_go() {
        let dsn = dsn("https://abc123@o42.ingest.sentry.io/4242");
        assert_eq!(dsn.envelope_url(), "https://o42.ingest.sentry.io/api/4242/envelope/");
        assert_eq!(dsn.auth("x/1"), "Sentry sentry_version=7, sentry_client=x/1, sentry_key=abc123");
        assert!(!format!("{dsn:?}").contains("abc123"));
        let nested = self::dsn("http://k@sentry.example:9000/errors/here/7");
        assert_eq!(nested.envelope_url(), "http://sentry.example:9000/errors/here/api/7/envelope/");
    }

    #[test]
    fn however_it_is_written_it_has_one_form() {
        assert_eq!(dsn("HTTPS://key@Sentry.Example:443/1"), dsn("https://key@sentry.example/1"));
        for other in ["http://key@sentry.example/1", "https://key@sentry.example:444/1", "https://key@sentry.example/2"]
        {
            assert_ne!(dsn(other), dsn("https://key@sentry.example/1"), "{other}");
        }
    }

    #[test]
    fn what_is_no_dsn_is_refused_without_being_repeated() {
        for wrong in [
            "",
            "sentry.io/1",
            "ftp://topsecret@h/1",
            "https://h/1",
            "https://topsecret:pass@h/1",
            "https://topsecret@evil@h/1",
            "https://topsecret@h/",
            "https://topsecret@h",
            "https://topsecret@h/x",
            "https://topsecret@h/1?x",
            "https://topsecret@h/1#x",
            "https://topsecret@h/1/",
            "https://top%0asecret@h/1",
        ] {
            let reason = wrong.parse::<Dsn>().expect_err(wrong);
            assert!(reason.starts_with("expected a DSN") && !reason.contains("secret@"), "{reason}");
        }
    }
}
