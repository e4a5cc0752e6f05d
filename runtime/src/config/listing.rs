//! The configuration for people to read, also when it is wrong: every key with its value, where that comes from, and what
//! is the matter with it.

use std::collections::HashMap;
use std::path::Path;

use super::given::{Given, Source};
use super::keys;
use super::{Config, ConfigError, Key};

/// Every key as it stands.
#[derive(Debug)]
pub struct Listing {
    /// In the order of [`keys::SECTIONS`].
    pub settings: Vec<Setting>,
    /// What is wrong with no key in particular: a file that cannot be read, names that are no keys.
    pub problems: Vec<String>,
}

/// One key as it stands.
#[derive(Debug)]
pub struct Setting {
    /// Which.
    pub key: &'static Key,
    /// Its value, as it would stand in a variable and with secrets masked; none where the default holds.
    pub given: Option<String>,
    /// Where that comes from.
    pub source: Source,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

impl Listing {
    /// Lists what the file, if there is one, and `environment` give.
    pub fn of(file: Option<&Path>, environment: &HashMap<String, String>) -> Self {
        let mut given = Given::default();
        let unreadable = file.and_then(|file| given.add_file(file).err());
        given.add_variables(environment);
        let unknown = given.unknown();
        let mut problems: Vec<String> = unreadable.iter().chain(&unknown).map(ToString::to_string).collect();
        let (wrong, rest) = wrong_ones(given.clone());
        problems.extend(rest.iter().map(ToString::to_string));
        let settings = keys::all().map(|key| {
            let (source, value) = given.value(key);
            let given = value.map(|value| key.shown(&value).into_owned());
            Setting { key, given, source, wrong: wrong.get(key.variable).cloned() }
        });
        Self { settings: settings.collect(), problems }
    }

    /// Whether the server would take it.
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty() && self.settings.iter().all(|setting| setting.wrong.is_none())
    }
}

/// Why each wrong key is, by its variable; and what is wrong besides. A check ends at the first that it finds: that one is
/// taken out, and the others are checked again.
fn wrong_ones(mut given: Given) -> (HashMap<&'static str, String>, Option<ConfigError>) {
    let mut wrong = HashMap::new();
    loop {
        match given.check() {
            Ok(Config { .. }) => return (wrong, None),
            Err(ConfigError::Wrong { key, reason }) => {
                let taken_out = keys::all().find(|known| known.variable == key).is_some_and(|key| given.remove(key));
                if !taken_out {
                    return (wrong, Some(ConfigError::Wrong { key, reason }));
                }
                wrong.insert(key, reason);
            }
            Err(other) => return (wrong, Some(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn listing(pairs: &[(&str, &str)]) -> Listing {
        Listing::of(None, &pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn setting<'a>(listing: &'a Listing, variable: &str) -> &'a Setting {
        listing.settings.iter().find(|setting| setting.key.variable == variable).expect("a key")
    }

    #[test]
    fn every_wrong_key_is_told_and_the_others_still_listed() {
        let listed = listing(&[
            ("PLIMSOLL_HTTP_ADDR", "here"),
            ("PLIMSOLL_SAMPLING_INTERVAL_SECONDS", "often"),
            ("PLIMSOLL_SMTP_FROM", "a@b.c"),
            ("PLIMSOLL_ZZZ", "1"),
            ("PLIMSOLL_SITE_TENANT", "acme"),
        ]);
        let wrong =
            listed.settings.iter().filter(|setting| setting.wrong.is_some()).map(|setting| setting.key.variable);
        let expected = ["PLIMSOLL_HTTP_ADDR", "PLIMSOLL_SMTP_FROM", "PLIMSOLL_SAMPLING_INTERVAL_SECONDS"];
        assert_eq!(wrong.collect::<Vec<_>>(), expected);
        assert_eq!(listed.problems, ["PLIMSOLL_ZZZ is no key"]);
        assert_eq!(setting(&listed, "PLIMSOLL_SITE_TENANT").given.as_deref(), Some("acme"));
        assert!(!listed.is_valid() && listing(&[]).is_valid());
    }

    #[test]
    fn a_value_says_where_it_comes_from() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        write!(file, "site_tenant = \"acme\"\nhttp_addr = \"[::]:80\"\negress_allow = [\"10.0.0.0/8\", \"::1/128\"]")
            .expect("written");
        let over = HashMap::from([("PLIMSOLL_HTTP_ADDR".to_owned(), "127.0.0.1:81".to_owned())]);
        let listed = Listing::of(Some(file.path()), &over);
        for (variable, source, value) in [
            ("PLIMSOLL_SITE_TENANT", Source::File, Some("acme")),
            ("PLIMSOLL_HTTP_ADDR", Source::Variable, Some("127.0.0.1:81")),
            ("PLIMSOLL_EGRESS_ALLOW", Source::File, Some("10.0.0.0/8,::1/128")),
            ("RUST_LOG", Source::Default, None),
        ] {
            let setting = setting(&listed, variable);
            assert_eq!((setting.source, setting.given.as_deref()), (source, value), "{variable}");
        }
        assert!(Listing::of(Some(Path::new("/nowhere.toml")), &over).problems[0].contains("nowhere.toml"));
    }

    #[test]
    fn no_secret_is_listed_however_wrong_it_is() {
        let secret = "czNjcjN0";
        for key in keys::all().filter(|key| key.is_secret()) {
            for value in [secret.to_owned(), format!("user:{secret}@host"), format!("https://user:{secret}@host/x")] {
                let listed = listing(&[(key.variable, &value)]);
                assert!(!format!("{listed:?}").contains(secret), "{}: {listed:?}", key.variable);
            }
        }
        let store = listing(&[("PLIMSOLL_STORE", "mongodb://user:czNjcjN0@host/plimsoll")]);
        assert!(!format!("{store:?}").contains(secret));
    }
}
