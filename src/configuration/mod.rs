//! `plimsoll config`: every key with what it means, its default, its value, and where that comes from. It answers also when
//! the configuration is wrong, and says what is.

mod markdown;
mod text;
mod toml;

use serde_json::{Value, json};

use plimsoll_runtime::config::{Listing, Setting, Source};

/// How the list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One object, for programs.
    Json,
    /// A commented file for --config, with what is in force.
    Toml,
    /// The reference of all keys; it does not depend on what is configured.
    Markdown,
}

/// The list in this format.
pub(crate) fn written(listing: &Listing, format: Format) -> String {
    match format {
        Format::Text => text::written(listing),
        Format::Json => format!("{:#}\n", as_json(listing)),
        Format::Toml => toml::written(listing),
        Format::Markdown => markdown::written(),
    }
}

/// What is wrong, one line each.
pub(crate) fn complaints(listing: &Listing) -> impl Iterator<Item = String> {
    let wrong = listing.settings.iter().filter_map(|setting| {
        let reason = setting.wrong.as_ref()?;
        Some(format!("{} {reason}", setting.key.variable))
    });
    listing.problems.iter().cloned().chain(wrong)
}

fn as_json(listing: &Listing) -> Value {
    let settings = listing.settings.iter().map(|setting| {
        let Setting { key, given, source, wrong } = setting;
        json!({
            "variable": key.variable,
            "name": key.name(),
            "meaning": key.meaning,
            "default": key.default.text(),
            "when_to_change": key.when,
            "is_secret": key.is_secret(),
            "value": given,
            "source": source_word(*source),
            "wrong": wrong,
        })
    });
    json!({
        "valid": listing.is_valid(),
        "problems": listing.problems,
        "settings": settings.collect::<Vec<_>>(),
    })
}

const fn source_word(source: Source) -> &'static str {
    match source {
        Source::Default => "default",
        Source::File => "file",
        Source::Variable => "variable",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Write;

    use plimsoll_runtime::config::{Config, keys};

    use super::*;

    fn listing(pairs: &[(&str, &str)]) -> Listing {
        Listing::of(None, &pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn the_reference_is_what_the_program_prints() {
        let said = "run `plimsoll config --format markdown > docs/configuration.md`";
        assert!(written(&listing(&[]), Format::Markdown) == include_str!("../../docs/configuration.md"), "{said}");
    }

    #[test]
    fn every_key_stands_in_every_format() {
        let listed = listing(&[]);
        for format in [Format::Text, Format::Json, Format::Toml, Format::Markdown] {
            let written = written(&listed, format);
            for key in keys::all() {
                assert!(written.contains(key.variable), "{format:?}: {}", key.variable);
            }
        }
    }

    #[test]
    fn the_file_that_is_written_means_the_same_when_it_is_read() {
        let given = [
            ("PLIMSOLL_HTTP_ADDR", "127.0.0.1:81"),
            ("PLIMSOLL_EGRESS_ALLOW", "10.0.0.0/8,fd00::/8"),
            ("PLIMSOLL_SETTLE_SECONDS", "7"),
            ("RUST_LOG", "info,plimsoll=\"debug\""),
            ("OTEL_ENABLED", "true"),
        ];
        let read = |text: &str| {
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            file.write_all(text.as_bytes()).expect("written");
            format!("{:?}", Config::read(Some(file.path()), &HashMap::new()).expect("valid"))
        };
        let environment = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let wanted = Config::read(None, &environment).expect("valid");
        assert_eq!(read(&written(&listing(&given), Format::Toml)), format!("{wanted:?}"));
        // And with every comment taken away, the defaults are the defaults.
        let sample = written(&listing(&[]), Format::Toml);
        let bare: String = sample
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| is_value(line))
            .fold(String::new(), |all, line| all + line + "\n");
        assert!(bare.contains("http_addr = \"127.0.0.1:8080\""), "{bare}");
        assert_eq!(read(&bare), format!("{:?}", Config::read(None, &HashMap::new()).expect("valid")));
    }

    /// Whether a commented line is a key with a value: words have a space before them.
    fn is_value(line: &str) -> bool {
        !line.starts_with(' ') && line.contains(" = ") && !line.ends_with("= …")
    }

    #[test]
    fn what_is_wrong_is_said_and_no_secret_is_shown() {
        let listed = listing(&[
            ("PLIMSOLL_HTTP_ADDR", "here"),
            ("PLIMSOLL_ROOT_KEY", "czNjcjN0"),
            ("PLIMSOLL_SMTP_URL", "smtps://user:czNjcjN0@mail.example.com"),
            ("PLIMSOLL_ZZZ", "1"),
        ]);
        for format in [Format::Text, Format::Json, Format::Toml] {
            let written = written(&listed, format);
            assert!(!written.contains("czNjcjN0"), "{written}");
            assert!(format == Format::Toml || written.contains("PLIMSOLL_ZZZ is no key"), "{written}");
            assert!(
                written.contains("127.0.0.1:8080, got \\\"here\\\"") || written.contains("got \"here\""),
                "{written}"
            );
        }
        let complaints: Vec<String> = complaints(&listed).collect();
        assert_eq!(complaints.len(), 2, "{complaints:?}");
    }
}
