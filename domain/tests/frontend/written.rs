//! Envelopes from a list of items: what they count for is known before they are written out.

use plimsoll_domain::frontend::{Contents, Counted, Counts};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::payloads::{Payload, binary, event, session, sessions, text, value};

/// Most things that a container is believed to hold.
const MOST_HELD: u64 = 10_000;

/// Kinds of which each item counts once, whatever is in it; those that no list of Sentry has among them.
const SINGLE: [(&str, Counted); 19] = [
    ("transaction", Counted::Transactions),
    ("replay_event", Counted::Replays),
    ("replay_video", Counted::Replays),
    ("replay_recording", Counted::ReplayRecordings),
    ("feedback", Counted::Feedback),
    ("user_report", Counted::Feedback),
    ("attachment", Counted::Attachments),
    ("profile", Counted::Profiles),
    ("profile_chunk", Counted::Profiles),
    ("check_in", Counted::CheckIns),
    ("client_report", Counted::ClientReports),
    ("raw_security", Counted::OtherItems),
    ("security", Counted::OtherItems),
    ("unreal_report", Counted::OtherItems),
    ("form_data", Counted::OtherItems),
    ("what_is_to_come", Counted::OtherItems),
    ("Event", Counted::OtherItems),
    ("event ", Counted::OtherItems),
    ("", Counted::OtherItems),
];

/// Kinds of which an item holds many.
const CONTAINERS: [(&str, Counted); 5] = [
    ("log", Counted::Logs),
    ("span", Counted::Spans),
    ("trace_metric", Counted::Metrics),
    ("statsd", Counted::Metrics),
    ("metric_buckets", Counted::Metrics),
];

/// An item, and how it is written.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its header's fields, as they stand; without its length.
    fields: Vec<String>,
    payload: Vec<u8>,
    has_length: bool,
    blank_lines: usize,
    counted: Vec<(Counted, u64)>,
}

impl Item {
    /// The kind, its `item_count` if it has one, and what it holds.
    fn new(kind: &str, held: Option<u64>, (payload, counted): Payload) -> Self {
        let held = held.map(|held| format!("\"item_count\":{held}"));
        let fields = [Some(format!("\"type\":{}", json!(kind))), held].into_iter().flatten().collect();
        let has_length = payload.contains(&b'\n');
        Self { fields, payload, has_length, blank_lines: 0, counted }
    }

    fn write(&self, envelope: &mut Vec<u8>) {
        let length = self.has_length.then(|| format!("\"length\":{}", self.payload.len()));
        let fields: Vec<String> = length.into_iter().chain(self.fields.iter().cloned()).collect();
        envelope.extend_from_slice(format!("{{{}}}\n", fields.join(",")).as_bytes());
        envelope.extend_from_slice(&self.payload);
        envelope.extend_from_slice(&vec![b'\n'; 1 + self.blank_lines]);
    }
}

/// Of every kind, written in every way that the format has.
pub(crate) fn item() -> impl Strategy<Value = Item> {
    let single = (prop::sample::select(SINGLE.to_vec()), prop::option::of(any::<u64>()), binary())
        .prop_map(|((kind, what), held, payload)| Item::new(kind, held, (payload, vec![(what, 1)])));
    let held = prop::option::of(prop_oneof![0_u64..200, 9_999_u64..10_002, any::<u64>()]);
    let container =
        (prop::sample::select(CONTAINERS.to_vec()), held, binary()).prop_map(|((kind, what), held, bytes)| {
            Item::new(kind, held, (bytes, vec![(what, held.map_or(1, |held| held.min(MOST_HELD)))]))
        });
    let nameless = binary().prop_map(|payload| Item {
        fields: Vec::new(),
        ..Item::new("", None, (payload, vec![(Counted::OtherItems, 1)]))
    });
    let of_any_kind = prop_oneof![
        6 => event().prop_map(|payload| Item::new("event", None, payload)),
        3 => session().prop_map(|payload| Item::new("session", None, payload)),
        3 => sessions().prop_map(|payload| Item::new("sessions", Some(5), payload)),
        6 => single,
        3 => container,
        1 => nameless,
    ];
    let other_field = (text(4).prop_map(|name| format!("x{name}")), value());
    let manner = (any::<bool>(), prop::collection::vec(other_field, 0..3), 0..3_usize, 0..3_usize);
    (of_any_kind, manner).prop_map(|(mut item, (has_length, others, turned, blank_lines))| {
        item.has_length |= has_length;
        item.fields.extend(others.into_iter().map(|(name, value)| format!("{}:{value}", Value::from(name))));
        let by = turned % item.fields.len().max(1);
        item.fields.rotate_left(by);
        item.blank_lines = blank_lines;
        item
    })
}

/// An envelope and the items in it.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// All of it; its last item ends in a newline.
    pub(crate) bytes: Vec<u8>,
    /// How many newlines stand at its end after its last payload: that many may be left out.
    pub(crate) spare_newlines: usize,
    /// Where each item has ended, newline and all.
    pub(crate) ends: Vec<usize>,
    /// What the items count for, in the same order.
    items: Vec<Vec<(Counted, u64)>>,
}

impl Written {
    /// What the first of its items count for.
    pub(crate) fn counts_of_first(&self, items: usize) -> Counts {
        let mut counts = Counts::default();
        for (what, many) in self.items.iter().take(items).flatten() {
            counts.count(*what, *many);
        }
        counts
    }

    /// What the reader should say of it.
    pub(crate) fn expected(&self) -> Contents {
        Contents { counts: self.counts_of_first(self.items.len()), is_whole: true }
    }
}

/// Any envelope that the format allows, and blank lines between its items.
pub(crate) fn envelope() -> impl Strategy<Value = Written> {
    let first =
        prop::sample::select(vec!["{}", "{\"dsn\":\"https://k@h/1\",\"trace\":{}}", "{\"event_id\":\"\\n\"}\r"]);
    (first, prop::collection::vec(item(), 0..6)).prop_map(|(first, items)| {
        let mut bytes = format!("{first}\n").into_bytes();
        let mut ends = Vec::new();
        for item in &items {
            item.write(&mut bytes);
            ends.push(bytes.len() - item.blank_lines);
        }
        let spare_newlines = 1 + items.last().map_or(0, |item| item.blank_lines);
        Written { bytes, spare_newlines, ends, items: items.into_iter().map(|item| item.counted).collect() }
    })
}
