//! The first line of an envelope, written in every way that JSON has.

use plimsoll_domain::frontend::{EnvelopeHeader, HeaderError};
use proptest::prelude::*;
use serde_json::Value;

use crate::payloads::{text, value};

/// The text as JSON; by `escaped`, all of it or nothing is written as `\uXXXX`.
fn quoted(text: &str, escaped: bool) -> String {
    if escaped {
        let units: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        return format!("\"{}\"", units.concat());
    }
    Value::from(text).to_string()
}

/// A field that a header may have: its name, and its value if it is one of the two that are read.
type Field = (String, Option<String>, String);

fn known(name: &'static str) -> impl Strategy<Value = Field> {
    (text(20), any::<bool>(), any::<bool>()).prop_map(move |(text, name_escaped, text_escaped)| {
        let written = format!("{}:{}", quoted(name, name_escaped), quoted(&text, text_escaped));
        (name.to_owned(), Some(text), written)
    })
}

fn unknown() -> impl Strategy<Value = Field> {
    let name = text(6).prop_filter("another name", |name| name != "dsn" && name != "event_id");
    (name, value(), any::<bool>()).prop_map(|(name, value, escaped)| {
        let written = format!("{}:{value}", quoted(&name, escaped));
        (name, None, written)
    })
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    prop::collection::vec(prop_oneof![2 => known("dsn"), 2 => known("event_id"), 5 => unknown()], 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_header_is_read_in_any_order_and_refused_where_a_known_name_stands_twice(
        fields in fields(),
        space in prop::sample::select(vec!["", " ", "\t", "\r"]),
    ) {
        let line = fields.iter().map(|(_, _, written)| written.as_str()).collect::<Vec<_>>();
        let line = format!("{{{space}{}}}{space}", line.join(&format!("{space},{space}")));
        let given = |name: &str| -> Vec<&str> {
            fields.iter().filter(|(known, ..)| known == name).filter_map(|(_, text, _)| text.as_deref()).collect()
        };
        let (dsns, ids) = (given("dsn"), given("event_id"));
        let read = EnvelopeHeader::read(line.as_bytes());
        if dsns.len() > 1 || ids.len() > 1 {
            prop_assert_eq!(read, Err(HeaderError));
        } else {
            let header = read.expect("a header");
            prop_assert_eq!(header.dsn.as_deref(), dsns.first().copied());
            prop_assert_eq!(header.event_id.as_deref(), ids.first().copied());
        }
    }

    #[test]
    fn an_id_has_one_form_however_it_is_written(id in any::<u128>(), upper in any::<bool>(), dashes in any::<bool>()) {
        let plain = format!("{id:032x}");
        let mut written = if upper { plain.to_uppercase() } else { plain.clone() };
        if dashes {
            for at in [20, 16, 12, 8] {
                written.insert(at, '-');
            }
        }
        let line = format!("{{\"event_id\":\"{written}\"}}");
        let header = EnvelopeHeader::read(line.as_bytes()).expect("a header");
        prop_assert_eq!(header.event_id(), Some(plain));
    }

    #[test]
    fn any_line_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), id in text(40)) {
        for line in [bytes.clone(), [b"{", bytes.as_slice()].concat(), [b"{\"dsn\":\"", bytes.as_slice()].concat()] {
            let read = EnvelopeHeader::read(&line);
            // What is no JSON is no header.
            prop_assert!(read.is_err() || line.starts_with(b"{"), "{:?}", read);
        }
        let line = format!("{{\"event_id\":{}}}", Value::from(id.as_str()));
        let told = EnvelopeHeader::read(line.as_bytes()).expect("a header").event_id();
        prop_assert!(told.is_none_or(|told| told.len() == 32 && told.bytes().all(|byte| byte.is_ascii_hexdigit())));
    }
}
