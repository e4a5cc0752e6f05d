//! The envelope parser of the `sentry-types` crate beside ours, on what it knows. Where the two differ by design, ours
//! follows the text of the format (`Envelope = Headers { "\n" Item } [ "\n" ]`, `Item = Headers "\n" Payload`):
//!
//! | what | theirs | ours |
//! |---|---|---|
//! | a kind it does not know | refuses the envelope | an item; the format wants it skipped and kept |
//! | a payload that is not what its kind says, so also of length 0 | refuses the envelope | an item |
//! | an item without a type | refuses the envelope | an item; wrong by the format, and its end is known |
//! | a header at the very end, without its newline | an item | no item, and the envelope is not whole |
//! | a header over several lines, or with padding | an item | not understood: headers are one line, unpadded |
//! | a list for a header | an item | not understood: headers are objects |
//! | blank lines after the last item | refuses the envelope | passed over, as between items |
//! | an envelope's `event_id`, `dsn`, … that are none | refuses the envelope | not looked at by the reader |
//!
//! Length 0 of an attachment, and a length that is missing, both take.

use plimsoll_domain::frontend::{Contents, Counted, Counts, Level};
use proptest::prelude::*;
use sentry_types::protocol::v7::{Envelope, EnvelopeItem, ItemContainer};
use serde_json::{Value, json};

use crate::envelope_laws::in_pieces;
use crate::payloads::{binary, text};

/// Kind, payload, and how many things a container holds.
type Theirs = (&'static str, Vec<u8>, Option<usize>);

fn plain(kind: &'static str, payload: &Value) -> Theirs {
    (kind, payload.to_string().into_bytes(), None)
}

fn item() -> impl Strategy<Value = Theirs> {
    let level = prop::option::of(prop::sample::select(vec!["fatal", "error", "warning", "info", "debug"]));
    let event = (level, text(9)).prop_map(|(level, message)| match level {
        Some(level) => plain("event", &json!({ "message": message, "level": level })),
        None => plain("event", &json!({ "message": message })),
    });
    let status = prop::sample::select(vec!["ok", "exited", "crashed", "abnormal"]);
    let session = (any::<bool>(), status).prop_map(|(init, status)| {
        plain("session", &json!({ "init": init, "status": status, "attrs": { "release": "1" } }))
    });
    let sessions = (0..50_u32, 0..50_u32, 0..50_u32).prop_map(|(exited, errored, crashed)| {
        let sums =
            json!({ "started": "2026-01-01T00:00:00Z", "exited": exited, "errored": errored, "crashed": crashed });
        plain("sessions", &json!({ "aggregates": [sums], "attrs": { "release": "1" } }))
    });
    let logs = prop::collection::vec(text(5), 0..5).prop_map(|bodies| {
        let log = |body: String| json!({ "level": "info", "body": body, "timestamp": 1.5 });
        let items: Vec<Value> = bodies.into_iter().map(log).collect();
        let held = items.len();
        ("log", json!({ "items": items }).to_string().into_bytes(), Some(held))
    });
    let check_in = json!({ "check_in_id": "9ec79c33ec9942ab8353589fcb2e04dc", "monitor_slug": "m", "status": "ok" });
    prop_oneof![
        3 => event,
        2 => session,
        2 => sessions,
        2 => logs,
        2 => binary().prop_map(|bytes| ("attachment", bytes, None)),
        1 => text(9).prop_map(|name| plain("transaction", &json!({ "transaction": name, "spans": [] }))),
        1 => Just(plain("check_in", &check_in)),
    ]
}

fn written(items: &[(Theirs, bool)], ends_in_newline: bool) -> Vec<u8> {
    let mut bytes = b"{}".to_vec();
    for ((kind, payload, held), has_length) in items {
        let mut header = json!({ "type": kind });
        if *has_length || payload.contains(&b'\n') {
            header["length"] = json!(payload.len());
        }
        if let Some(held) = held {
            header["item_count"] = json!(held);
        }
        bytes.extend_from_slice(format!("\n{header}\n").as_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes.extend_from_slice(if ends_in_newline { b"\n" } else { b"" });
    bytes
}

/// What is counted of an envelope that they have read.
fn counts(envelope: &Envelope) -> Counts {
    let mut counts = Counts::default();
    for item in envelope.items() {
        match item {
            EnvelopeItem::Event(event) => {
                let level = Level::named(&event.level.to_string()).expect("a level");
                counts.count(Counted::events(level), 1);
            }
            EnvelopeItem::SessionUpdate(session) => {
                counts.count(Counted::SessionsStarted, u64::from(session.init));
                match session.status.to_string().as_str() {
                    "crashed" => counts.count(Counted::SessionsCrashed, 1),
                    "abnormal" => counts.count(Counted::SessionsAbnormal, 1),
                    _ => {}
                }
            }
            EnvelopeItem::SessionAggregates(sessions) => {
                for sums in &sessions.aggregates {
                    let started = sums.exited + sums.errored + sums.abnormal + sums.crashed;
                    counts.count(Counted::SessionsStarted, u64::from(started));
                    counts.count(Counted::SessionsCrashed, u64::from(sums.crashed));
                }
            }
            EnvelopeItem::ItemContainer(ItemContainer::Logs(logs)) => counts.count(Counted::Logs, logs.len() as u64),
            EnvelopeItem::Attachment(_) => counts.count(Counted::Attachments, 1),
            EnvelopeItem::Transaction(_) => counts.count(Counted::Transactions, 1),
            EnvelopeItem::MonitorCheckIn(_) => counts.count(Counted::CheckIns, 1),
            other => panic!("not written here: {other:?}"),
        }
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn both_see_the_same_items(
        items in prop::collection::vec((item(), any::<bool>()), 0..6),
        ends_in_newline in any::<bool>(),
    ) {
        let bytes = written(&items, ends_in_newline);
        let theirs = Envelope::from_slice(&bytes).expect("an envelope");
        prop_assert_eq!(theirs.items().count(), items.len());
        let ours = in_pieces(&bytes, &[11]);
        prop_assert_eq!(ours, Contents { counts: counts(&theirs), is_whole: true });
    }

    #[test]
    fn where_a_payload_is_cut_short_both_see_it(item in item(), at in any::<prop::sample::Index>()) {
        let bytes = written(&[(item, true)], false);
        // Not in its headers, of which they take what we do not.
        let from = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).expect("a second line").0 + 1;
        let cut = from + at.index((bytes.len() - from).max(1));
        let is_cut = cut < bytes.len();
        prop_assert_eq!(Envelope::from_slice(&bytes[..cut]).is_err(), is_cut);
        prop_assert_eq!(in_pieces(&bytes[..cut], &[11]).is_whole, !is_cut);
    }
}

/// How many items they see; `None`: they refuse it.
fn theirs(envelope: &str) -> Option<usize> {
    Envelope::from_slice(envelope.as_bytes()).ok().map(|envelope| envelope.items().count())
}

/// How many items we see; whether that is all.
fn ours(envelope: &str) -> (u64, bool) {
    let read = in_pieces(envelope.as_bytes(), &[3]);
    (Counted::ALL.iter().map(|what| read.counts.of(*what)).sum(), read.is_whole)
}

#[test]
fn where_ours_goes_on_theirs_has_stopped() {
    for (envelope, items) in [
        ("{}\n{\"type\":\"what\"}\nx\n", 1),
        ("{}\n{\"type\":\"replay_event\"}\n{}\n{\"type\":\"replay_recording\",\"length\":2}\n\n\n\n", 2),
        ("{}\n{\"type\":\"event\",\"length\":0}\n\n", 1),
        ("{}\n{\"type\":\"event\"}\nhelloworld", 1),
        ("{}\n{\"type\":\"transaction\",\"length\":0}\n", 1),
        ("{}\n{\"length\":2}\n{}\n", 1),
        ("{}\n{\"type\":\"event\"}\n{}\n\n", 1),
        ("{}\n\n", 0),
        ("{\"event_id\":\"no id\"}\n{\"type\":\"event\"}\n{}\n", 1),
        ("{\"dsn\":\"no DSN\"}\n{\"type\":\"event\"}\n{}\n", 1),
        ("{\"sent_at\":\"yesterday\"}\n{\"type\":\"event\"}\n{}\n", 1),
    ] {
        assert_eq!((theirs(envelope), ours(envelope)), (None, (items, true)), "{envelope:?}");
    }
}

#[test]
fn where_theirs_goes_on_ours_has_stopped() {
    for envelope in [
        "{}\n{\"type\":\"attachment\",\"length\":0}",
        "{}\n{\"type\":\"attachment\"}",
        "{}\n{\"type\":\n\"attachment\"}\nx\n",
        "{}\n {\"type\":\"attachment\"}\nx\n",
        "{}\n[\"attachment\",1,null,null,null]\nx\n",
    ] {
        assert_eq!((theirs(envelope), ours(envelope)), (Some(1), (0, false)), "{envelope:?}");
    }
}

#[test]
fn lengths_of_zero_and_none_are_read_by_both() {
    for (envelope, items) in [
        ("{}\n{\"type\":\"attachment\",\"length\":0}\n\n{\"type\":\"attachment\",\"length\":0}\n\n", 2),
        ("{}\n{\"type\":\"attachment\",\"length\":0}\n\n{\"type\":\"attachment\",\"length\":0}\n", 2),
        ("{}\n{\"type\":\"attachment\"}\nhelloworld\n", 1),
        ("{}\n{\"type\":\"attachment\"}\nhelloworld", 1),
        ("{}\n{\"type\":\"attachment\"}\n", 1),
        ("{}\n{\"type\":\"attachment\",\"length\":null}\nx", 1),
        ("{}\n\n\n{\"type\":\"attachment\"}\nx\n\n{\"type\":\"attachment\"}\nx\n", 2),
        ("{}\n", 0),
        ("{}", 0),
    ] {
        let items_of_ours = u64::try_from(items).expect("a small number");
        assert_eq!((theirs(envelope), ours(envelope)), (Some(items), (items_of_ours, true)), "{envelope:?}");
    }
}
