//! What may happen to an alert, and how likely it is.

use plimsoll_domain::alert::Severity;
use proptest::prelude::*;

/// What comes of a try.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Try {
    Delivered,
    /// Nobody knows whether it arrived.
    Unsure {
        arrived: bool,
    },
    Refused,
    /// The receiver asks for so many seconds.
    Later(i64),
    Dead,
    SwitchOff,
    /// The process was killed.
    Killed {
        arrived: bool,
    },
    /// It was not tried.
    GivenBack,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Trigger {
        severity: Severity,
        team: &'static str,
        refresh: bool,
        expires: Option<i64>,
        named: bool,
        marked: bool,
    },
    Acknowledge {
        named: bool,
    },
    Resolve {
        marked: bool,
    },
    /// The last signal, once more.
    Again,
    Wait(i64),
    /// The clock looks.
    Look,
    Silence {
        seconds: Option<i64>,
    },
    EndSilences,
    Maintain(i64),
    EndMaintenances,
    /// The receiver gets another key.
    Rekey(usize),
    /// The receiver is taken out of the configuration, or comes back.
    Toggle(usize),
    /// Everything of the teams goes elsewhere, or back.
    Reroute,
    /// Whether whoever takes a signal sends at once.
    AtOnce(bool),
    Lease(usize),
    Finish(usize, Try),
    /// One that is ready, from the lease to the end.
    Send(usize, Try),
    /// The process starts anew.
    Restart {
        arrived: bool,
    },
    Replay(usize),
}

fn tries() -> impl Strategy<Value = Try> {
    prop_oneof![
        6 => Just(Try::Delivered),
        2 => any::<bool>().prop_map(|arrived| Try::Unsure { arrived }),
        2 => Just(Try::Refused),
        1 => (1i64..5_000).prop_map(Try::Later),
        1 => Just(Try::Dead),
        1 => Just(Try::SwitchOff),
        1 => any::<bool>().prop_map(|arrived| Try::Killed { arrived }),
        1 => Just(Try::GivenBack),
    ]
}

fn triggers() -> impl Strategy<Value = Step> {
    let severity = prop::sample::select(Severity::ALL.to_vec());
    let team = prop::sample::select(vec!["core", "shop", "web", "none"]);
    let expires = prop_oneof![3 => Just(None), 1 => (1i64..600).prop_map(Some)];
    (severity, team, prop::bool::weighted(0.3), expires, any::<bool>(), prop::bool::weighted(0.3)).prop_map(
        |(severity, team, refresh, expires, named, marked)| Step::Trigger {
            severity,
            team,
            refresh,
            expires,
            named,
            marked,
        },
    )
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let wait = prop::sample::select(vec![1i64, 4, 6, 20, 31, 61, 130, 301, 700, 4_000]);
    prop_oneof![
        8 => triggers(),
        2 => any::<bool>().prop_map(|named| Step::Acknowledge { named }),
        6 => any::<bool>().prop_map(|marked| Step::Resolve { marked }),
        2 => Just(Step::Again),
        8 => wait.prop_map(Step::Wait),
        6 => Just(Step::Look),
        2 => prop::option::of(1i64..900).prop_map(|seconds| Step::Silence { seconds }),
        2 => Just(Step::EndSilences),
        1 => (1i64..900).prop_map(Step::Maintain),
        1 => Just(Step::EndMaintenances),
        1 => (0usize..3).prop_map(Step::Rekey),
        1 => (0usize..3).prop_map(Step::Toggle),
        1 => Just(Step::Reroute),
        1 => any::<bool>().prop_map(Step::AtOnce),
        3 => (0usize..3).prop_map(Step::Lease),
        5 => (0usize..3, tries()).prop_map(|(at, outcome)| Step::Finish(at, outcome)),
        8 => (0usize..3, tries()).prop_map(|(at, outcome)| Step::Send(at, outcome)),
        1 => any::<bool>().prop_map(|arrived| Step::Restart { arrived }),
        2 => (0usize..4).prop_map(Step::Replay),
    ]
}
