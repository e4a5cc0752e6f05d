//! Payloads, and what they count for: known from how each was made, and not from reading it.

use plimsoll_domain::frontend::Counted;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Bytes, and what they count for.
pub(crate) type Payload = (Vec<u8>, Vec<(Counted, u64)>);

/// More sessions than this are not believed.
const MOST_SESSIONS: u128 = 100_000;

/// What an event may say of its level; `None`: nothing.
const LEVELS: [(Option<&str>, Counted); 15] = [
    (None, Counted::EventsError),
    (Some("null"), Counted::EventsError),
    (Some("\"error\""), Counted::EventsError),
    (Some("\"fatal\""), Counted::EventsFatal),
    (Some("\"critical\""), Counted::EventsFatal),
    (Some("\"warning\""), Counted::EventsWarning),
    (Some("\"warn\""), Counted::EventsWarning),
    (Some("\"info\""), Counted::EventsInfo),
    (Some("\"log\""), Counted::EventsInfo),
    (Some("\"\\u0069nfo\""), Counted::EventsInfo),
    (Some("\"debug\""), Counted::EventsDebug),
    (Some("\"loud\""), Counted::EventsUnknown),
    (Some("\"\""), Counted::EventsUnknown),
    (Some("7"), Counted::EventsUnknown),
    (Some("{\"level\":\"info\"}"), Counted::EventsUnknown),
];

/// Any text, control characters and all.
pub(crate) fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..=most).prop_map(String::from_iter)
}

/// Any JSON; levels and newlines may stand in it.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text(8).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let name = prop_oneof![Just("level".to_owned()), Just("type".to_owned()), text(5)];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..4).prop_map(|map| Value::from(Map::from_iter(map))),
        ]
    })
}

/// An event: its level between other fields, which may break off after it.
pub(crate) fn event() -> impl Strategy<Value = Payload> {
    let others =
        || prop::collection::vec((text(6).prop_filter("another field", |name| name != "level"), value()), 0..4);
    let parts = (others(), prop::sample::select(LEVELS.to_vec()), others(), any::<bool>(), prop::bool::weighted(0.2));
    let written = parts.prop_map(|(before, (level, counted), after, escaped, breaks_off)| {
        let field = |(name, value): (String, Value)| format!("{}:{value}", Value::from(name));
        let name = if escaped { "\"\\u006cevel\"" } else { "\"level\"" };
        let fields: Vec<String> = (before.into_iter().map(field))
            .chain(level.map(|level| format!("{name}:{level}")))
            .chain(after.into_iter().map(field))
            .collect();
        let end = if breaks_off && level.is_some() { ",\"x" } else { "}" };
        (format!("{{{}{end}", fields.join(",")).into_bytes(), vec![(counted, 1)])
    });
    let unreadable = unreadable().prop_map(|payload| (payload, vec![(Counted::EventsUnknown, 1)]));
    prop_oneof![9 => written, 1 => unreadable]
}

/// What no reader of JSON objects takes.
pub(crate) fn unreadable() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        binary().prop_map(|bytes| [b"?".as_slice(), &bytes].concat()),
        Just(b"[true,\"crashed\"]".to_vec()),
        Just(b"[[{\"exited\":3}]]".to_vec()),
        Just(b"\"x\"".to_vec()),
        Just(b"7".to_vec()),
        Just(b"null".to_vec()),
    ]
}

/// Anything; newlines are common in it.
pub(crate) fn binary() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![4 => any::<u8>(), 1 => Just(b'\n'), 1 => Just(b'{')], 0..80)
}

/// One session, as it tells of itself.
pub(crate) fn session() -> impl Strategy<Value = Payload> {
    let statuses = vec![
        None,
        Some("ok"),
        Some("exited"),
        Some("crashed"),
        Some("unhandled"),
        Some("abnormal"),
        Some("errored"),
        Some("?"),
    ];
    let written = (prop::option::of(any::<bool>()), prop::sample::select(statuses)).prop_map(|(init, status)| {
        let mut update = json!({ "sid": "x", "attrs": { "release": "1", "status": "crashed", "init": true } });
        if let Some(init) = init {
            update["init"] = json!(init);
        }
        if let Some(status) = status {
            update["status"] = json!(status);
        }
        let mut counted = vec![(Counted::SessionsStarted, u64::from(init == Some(true)))];
        match status {
            Some("crashed") => counted.push((Counted::SessionsCrashed, 1)),
            Some("unhandled") => counted.push((Counted::SessionsUnhandled, 1)),
            Some("abnormal") => counted.push((Counted::SessionsAbnormal, 1)),
            _ => {}
        }
        (update.to_string().into_bytes(), counted)
    });
    prop_oneof![5 => written, 1 => unreadable().prop_map(|payload| (payload, vec![(Counted::OtherItems, 1)]))]
}

/// Sums of sessions.
pub(crate) fn sessions() -> impl Strategy<Value = Payload> {
    const NAMES: [&str; 5] = ["exited", "errored", "unhandled", "abnormal", "crashed"];
    let sum = prop_oneof![0_u64..50, 0_u64..600_000, Just(u64::MAX)];
    let aggregate = prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), sum, 0..=5);
    let written = prop::collection::vec(aggregate, 0..4).prop_map(|aggregates| {
        let all = |counts: &dyn Fn(&str) -> bool| -> u128 {
            aggregates.iter().flatten().filter(|(name, _)| counts(name)).map(|(_, sum)| u128::from(*sum)).sum()
        };
        let started = all(&|_| true).min(MOST_SESSIONS);
        let believed = |many: u128| u64::try_from(many.min(started)).expect("at most a million");
        let counted = vec![
            (Counted::SessionsStarted, believed(started)),
            (Counted::SessionsCrashed, believed(all(&|name| name == "crashed"))),
            (Counted::SessionsUnhandled, believed(all(&|name| name == "unhandled"))),
            (Counted::SessionsAbnormal, believed(all(&|name| name == "abnormal"))),
        ];
        let payload = json!({ "aggregates": aggregates, "attrs": { "release": "1" }, "exited": 3 });
        (payload.to_string().into_bytes(), counted)
    });
    prop_oneof![5 => written, 1 => unreadable().prop_map(|payload| (payload, vec![(Counted::OtherItems, 1)]))]
}
