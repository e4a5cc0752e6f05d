//! One dedup key of one tenant, its receivers, and what they have heard: everything that the rules must be true of.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_domain::alert::{
    Alert, AlertConfig, AlertStatus, Applied, DeliveryAction, EventKind, Lease, ReceiverName, Scene, Severity, Signal,
    SignalAction, Silence, apply, reconsider,
};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::time::{Span, Timestamp};

use crate::laws;
use crate::pantry::{NAMES, START, config, content, name, receiver};
use crate::steps::Step;

/// How long a lease holds.
pub(crate) const LEASE: Span = Span::from_seconds(60);

/// Something that one place has heard.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) receiver: ReceiverName,
    pub(crate) place: String,
    pub(crate) episode: u64,
    pub(crate) number: u32,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) latest: Option<Alert>,
    pub(crate) config: AlertConfig,
    pub(crate) silences: Vec<Silence>,
    pub(crate) maintenances: Vec<Maintenance>,
    /// Whether the alert is open there.
    pub(crate) open: BTreeMap<String, bool>,
    /// Where something may be open, of this episode: by place, with who is there.
    pub(crate) maybe: BTreeMap<String, ReceiverName>,
    /// Where an episode that is past left it open: its resolve died, and is listed as dead.
    pub(crate) abandoned: BTreeSet<String>,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) replayed: BTreeSet<(u64, u32)>,
    /// Where a delivery that is being tried goes to, and whether anything might have been open there before.
    pub(crate) flights: BTreeMap<u32, (String, bool)>,
    /// What was sent last of the key, by a reckoning of our own.
    pub(crate) sent: Option<(Timestamp, Severity)>,
    /// Who must have it open: those whom the last sending told, until it is resolved.
    pub(crate) told: BTreeSet<ReceiverName>,
    /// How bad they think it is.
    pub(crate) told_severity: Option<Severity>,
    pub(crate) at_once: bool,
    keys: [u8; 3],
    last: Option<(Signal, Applied)>,
    requests: u32,
    marks: u64,
}

impl World {
    pub(crate) fn new(cooldown: i64, repeat_after: Option<i64>) -> Self {
        Self {
            now: START,
            latest: None,
            config: config(cooldown, repeat_after),
            silences: Vec::new(),
            maintenances: Vec::new(),
            open: BTreeMap::new(),
            maybe: BTreeMap::new(),
            abandoned: BTreeSet::new(),
            arrivals: Vec::new(),
            replayed: BTreeSet::new(),
            flights: BTreeMap::new(),
            sent: None,
            told: BTreeSet::new(),
            told_severity: None,
            at_once: false,
            keys: [0; 3],
            last: None,
            requests: 0,
            marks: 0,
        }
    }

    pub(crate) fn tenant() -> TenantId {
        "acme".parse().expect("a tenant")
    }

    /// What the rules are asked with.
    fn with_scene<T>(&self, ask: impl FnOnce(&Scene<'_>) -> T) -> T {
        let lease = |_: &ReceiverName| self.at_once.then(|| self.lease());
        let (config, silences, maintenances) = (&self.config, &self.silences[..], &self.maintenances[..]);
        ask(&Scene { config, silences, maintenances, now: self.now, lease: &lease, trace: None })
    }

    pub(crate) fn lease(&self) -> Lease {
        Lease { holder: "us".to_owned(), until: self.now.plus(LEASE) }
    }

    pub(crate) fn is_silenced(&self, alert: &Alert) -> bool {
        let maintained = self.maintenances.iter().any(|one| one.starts_at <= self.now && self.now < one.ends_at);
        maintained || self.silences.iter().any(|one| one.covers(&alert.content, self.now))
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::Trigger { severity, team, refresh, expires, named, marked } => {
                let said = Some(content(*severity, team));
                let mut signal = self.signal(SignalAction::Trigger, *named, *marked);
                (signal.content, signal.is_refresh) = (said, *refresh);
                signal.expires_at = expires.map(|seconds| self.now.plus(Span::from_seconds(seconds)));
                self.hear(signal);
            }
            Step::Acknowledge { named } => self.say(SignalAction::Acknowledge, *named, false),
            Step::Resolve { marked } => self.say(SignalAction::Resolve, true, *marked),
            Step::Again => self.hear_again(),
            Step::Wait(seconds) => {
                self.now = self.now.plus(Span::from_seconds(*seconds));
                self.lose_late_flights();
            }
            Step::Look => self.look(),
            Step::Lease(at) => drop(self.take(&name(NAMES[*at]))),
            Step::Finish(at, outcome) => self.finish(&name(NAMES[*at]), *outcome),
            Step::Send(at, outcome) => {
                self.take(&name(NAMES[*at]));
                self.finish(&name(NAMES[*at]), *outcome);
            }
            Step::Restart { arrived } => self.restart(*arrived),
            Step::Replay(at) => self.replay_nth(*at),
            Step::AtOnce(at_once) => self.at_once = *at_once,
            other => self.edit(other),
        }
        laws::always(self);
    }

    fn edit(&mut self, step: &Step) {
        match step {
            Step::Silence { seconds } => self.silences.push(Silence {
                tenant: Self::tenant(),
                id: "sil-1".parse().expect("an id"),
                matchers: vec!["source=ci".parse().expect("a matcher")],
                starts_at: self.now,
                ends_at: seconds.map(|seconds| self.now.plus(Span::from_seconds(seconds))),
                until_resolved: seconds.is_none(),
                has_matched: false,
                comment: "quiet".to_owned(),
                by: "me".to_owned(),
                version: 1,
            }),
            Step::EndSilences => self.silences = self.silences.iter().map(|one| one.ended(self.now)).collect(),
            Step::Maintain(seconds) => {
                let (id, api) = ("mnt-1".parse().expect("an id"), "api".parse().expect("an id"));
                let span = self.now..self.now.plus(Span::from_seconds(*seconds));
                self.maintenances.push(Maintenance::once(Self::tenant(), id, "work", vec![api], span));
            }
            Step::EndMaintenances => self.maintenances.clear(),
            Step::Rekey(at) => {
                self.keys[*at] += 1;
                let new = receiver(NAMES[*at], self.keys[*at]);
                self.config.receivers.iter_mut().filter(|one| one.name == new.name).for_each(|one| *one = new.clone());
            }
            Step::Toggle(at) => {
                let new = receiver(NAMES[*at], self.keys[*at]);
                let before = self.config.receivers.len();
                self.config.receivers.retain(|one| one.name != new.name);
                if self.config.receivers.len() == before {
                    self.config.receivers.push(new);
                }
            }
            Step::Reroute => self.config.router.routes.reverse(),
            other => unreachable!("{other:?} is no edit"),
        }
    }

    fn signal(&mut self, action: SignalAction, named: bool, marked: bool) -> Signal {
        (self.requests, self.marks) = (self.requests + 1, self.marks + 1);
        Signal {
            request: named.then(|| format!("r{}", self.requests)),
            mark: marked.then_some(self.marks),
            ..Signal::new(action, "key", None, "ci")
        }
    }

    fn say(&mut self, action: SignalAction, named: bool, marked: bool) {
        let signal = self.signal(action, named, marked);
        self.hear(signal);
    }

    fn hear(&mut self, signal: Signal) {
        let applied = self.with_scene(|scene| apply(self.latest.as_ref(), &Self::tenant(), &signal, scene));
        laws::of_signal(self, &signal, &applied);
        if let Some(alert) = applied.alert.clone() {
            self.keep(alert, signal.action == SignalAction::Resolve);
        }
        self.last = Some((signal, applied));
    }

    fn hear_again(&mut self) {
        let Some((signal, first)) = self.last.clone() else { return };
        if signal.request.is_none() && signal.mark.is_none() {
            return;
        }
        // What changed nothing was not kept, and so neither was its name.
        if first.alert.is_some() && signal.is_refresh && first.fired.deliveries.is_empty() && signal.mark.is_none() {
            return;
        }
        let again = self.with_scene(|scene| apply(self.latest.as_ref(), &Self::tenant(), &signal, scene));
        laws::of_signal_again(self, &signal, (&first, &again));
    }

    pub(crate) fn look(&mut self) {
        let Some(alert) = &self.latest else { return };
        let silences = self.silences.iter().map(|silence| {
            let open = self.latest.iter().filter(|alert| alert.is_open()).map(|alert| &alert.content);
            silence.after_looking(open, self.now).unwrap_or_else(|| silence.clone())
        });
        self.silences = silences.collect();
        let next = self.with_scene(|scene| reconsider(alert, scene));
        laws::of_look(self, next.as_ref());
        if let Some(next) = next {
            let closed = !next.is_open();
            self.keep(next, closed);
        }
    }

    /// Stores what was decided, and follows who was told.
    fn keep(&mut self, alert: Alert, closes: bool) {
        let before = self.latest.replace(alert);
        let alert = self.latest.clone().expect("just kept");
        if before.as_ref().is_none_or(|before| before.id != alert.id) {
            self.abandoned.extend(self.maybe.keys().cloned());
            (self.flights, self.maybe, self.told, self.told_severity) = Default::default();
        }
        let event = alert.events.last().expect("an event");
        let is_new = before.as_ref().is_none_or(|before| before.events.last() != Some(event));
        let sends = matches!(event.kind, EventKind::Trigger | EventKind::Released | EventKind::Repeat);
        if is_new && sends && !event.deliveries.is_empty() {
            let receiver = |number: &u32| alert.delivery(*number).expect("kept").receiver.clone();
            self.told = event.deliveries.iter().map(receiver).collect();
            (self.told_severity, self.sent) = (Some(event.severity), Some((self.now, event.severity)));
        }
        let same = before.as_ref().filter(|before| before.id == alert.id);
        let first_new = same.map_or(1, |before| before.next_delivery);
        for head in alert.leased_to("us", self.now).into_iter().filter(|head| *head >= first_new) {
            self.depart(head);
        }
        if closes && alert.status == AlertStatus::Resolved {
            (self.told, self.told_severity) = Default::default();
            if before.is_some_and(|before| before.is_open()) {
                laws::of_close(self);
            }
        }
    }

    /// A delivery is on its way: from now on a trigger may open something.
    pub(crate) fn depart(&mut self, number: u32) {
        let alert = self.latest.as_ref().expect("an alert");
        let delivery = alert.delivery(number).expect("a delivery");
        let opening = alert.opening(&delivery.receiver).expect("an opening");
        let place = opening.receiver.target.place();
        let before = self.maybe.contains_key(&place);
        if delivery.action == DeliveryAction::Trigger {
            let elsewhere = self.maybe.iter().any(|(other, who)| *who == delivery.receiver && *other != place);
            assert!(
                !elsewhere,
                "no trigger is sent under another key while something may be open under the one before"
            );
            self.maybe.insert(place.clone(), delivery.receiver.clone());
        }
        self.flights.insert(number, (place, before));
    }
}
