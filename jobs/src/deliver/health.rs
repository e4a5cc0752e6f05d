//! How receivers do: read when something is sent, written when it changes, and otherwise every few seconds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use plimsoll_domain::alert::receiver::SwitchedOff;
use plimsoll_domain::alert::{Alert, Outcome, Receiver, ReceiverName, ReceiverState, Target, Verdict};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::Result;

use super::engine::Engine;

/// How old may be what is known of a tenant's receivers.
const FRESH: Span = Span::from_seconds(5);
/// How often it is stored that nothing has changed but the time.
const STORED_EVERY: Span = Span::from_seconds(15);

/// How receivers do, as far as this process knows.
#[derive(Default)]
pub(super) struct Health(Mutex<Known>);

#[derive(Default)]
struct Known {
    read_at: HashMap<TenantId, Timestamp>,
    states: HashMap<(TenantId, ReceiverName), Held>,
}

struct Held {
    state: ReceiverState,
    is_changed: bool,
    /// Whether it was switched here: otherwise what is stored says whether it is on.
    is_switched: bool,
    stored_at: Option<Timestamp>,
}

impl Health {
    /// Why nothing may be sent to `target`, the receiver of one of the alert's deliveries, if so.
    pub(super) async fn off(&self, engine: &Engine, alert: &Alert, target: &Target) -> Option<String> {
        let now = engine.clock.now();
        if self.is_old(&alert.tenant, now) {
            match engine.store.receiver_states(&alert.tenant).await {
                Ok(states) => self.take(&alert.tenant, states, now),
                Err(error) => {
                    tracing::warn!(error = %error, "how receivers do could not be read: sending all the same");
                }
            }
        }
        let place = target.place();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = known.states.iter().filter(|((tenant, _), _)| *tenant == alert.tenant);
        let mut off = of_tenant.filter_map(|(_, held)| held.state.switched_off.as_ref());
        off.find(|off| off.place == place).map(|off| off.reason.clone())
    }

    /// Has what is stored read before anything else is sent: somebody may have changed it.
    pub(super) fn read_anew(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read_at.clear();
    }

    /// Notes what came of an attempt.
    pub(super) fn note(&self, alert: &Alert, receiver: &Receiver, outcome: &Outcome, failure: Option<&str>) {
        let now = alert.updated_at;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (alert.tenant.clone(), receiver.name.clone());
        let held = known.states.entry(key).or_insert_with_key(|(tenant, receiver)| Held {
            state: ReceiverState::unknown(tenant.clone(), receiver.clone()),
            is_changed: true,
            is_switched: false,
            stored_at: None,
        });
        let state = &mut held.state;
        match failure {
            None => {
                held.is_switched |= state.off(&receiver.target).is_some();
                held.is_changed |= state.failures_in_a_row > 0 || held.is_switched;
                (state.delivered_at, state.failures_in_a_row) = (Some(now), 0);
                state.switched_off = None;
            }
            Some(words) => {
                held.is_changed |= state.failures_in_a_row == 0;
                (state.failed_at, state.failure) = (Some(now), Some(words.to_owned()));
                state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
            }
        }
        if outcome.verdict == Verdict::SwitchOff {
            (held.is_changed, held.is_switched) = (true, true);
            let (reason, place) = (outcome.words.clone(), receiver.target.place());
            state.switched_off = Some(SwitchedOff { at: now, reason, place });
            tracing::error!(
                tenant_id = %alert.tenant,
                receiver = %receiver.name,
                "the receiver answered that it wants nothing any more: it is switched off"
            );
        }
    }

    /// Stores what is worth it.
    pub(super) async fn store(&self, engine: &Engine) -> Result<()> {
        let now = engine.clock.now();
        let mut due = self.due(now);
        let mut of_tenant: HashMap<TenantId, Vec<ReceiverState>> = HashMap::new();
        for (state, is_switched) in &mut due {
            if !of_tenant.contains_key(&state.tenant) {
                let stored = engine.store.receiver_states(&state.tenant).await?;
                of_tenant.insert(state.tenant.clone(), stored);
            }
            let stored = of_tenant[&state.tenant].iter().find(|stored| stored.receiver == state.receiver);
            if let Some(stored) = stored.filter(|_| !*is_switched) {
                state.switched_off.clone_from(&stored.switched_off);
            }
        }
        if due.is_empty() {
            return Ok(());
        }
        let states: Vec<_> = due.iter().map(|(state, _)| state.clone()).collect();
        let stored = engine.store.put_receiver_states(&states).await;
        if stored.is_err() {
            self.keep_for_later(&due);
        }
        stored
    }

    fn keep_for_later(&self, due: &[(ReceiverState, bool)]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (state, is_switched) in due {
            if let Some(held) = known.states.get_mut(&(state.tenant.clone(), state.receiver.clone())) {
                held.is_changed = true;
                held.is_switched |= *is_switched;
            }
        }
    }

    /// What is worth storing, and whether it was switched here.
    fn due(&self, now: Timestamp) -> Vec<(ReceiverState, bool)> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = known.states.values_mut().filter(|held| held.is_due(now));
        due.map(|held| {
            let is_switched = std::mem::take(&mut held.is_switched);
            (held.is_changed, held.stored_at) = (false, Some(now));
            (held.state.clone(), is_switched)
        })
        .collect()
    }

    fn is_old(&self, tenant: &TenantId, now: Timestamp) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.read_at.get(tenant).is_none_or(|read_at| now >= read_at.plus(FRESH))
    }

    /// What is stored is newer where somebody switched a receiver on or off, or where nothing is known here.
    fn take(&self, tenant: &TenantId, states: Vec<ReceiverState>, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.read_at.insert(tenant.clone(), now);
        for state in states {
            let key = (state.tenant.clone(), state.receiver.clone());
            match known.states.get_mut(&key) {
                Some(held) if !held.is_switched => held.state.switched_off = state.switched_off,
                Some(_) => {}
                None => {
                    known
                        .states
                        .insert(key, Held { state, is_changed: false, is_switched: false, stored_at: Some(now) });
                }
            }
        }
    }
}

impl Held {
    fn is_due(&self, now: Timestamp) -> bool {
        let newest = self.state.delivered_at.max(self.state.failed_at);
        let is_newer = newest > self.stored_at;
        self.is_changed || (is_newer && self.stored_at.is_none_or(|at| now >= at.plus(STORED_EVERY)))
    }
}
