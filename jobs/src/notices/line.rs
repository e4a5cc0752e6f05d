//! Who may send next, of all who want to: so many at once at each server and so many in all, of which no tenant has more than
//! its share; the next to enter a server is of the tenant that has the fewest there.
//!
//! Semaphores were rejected: they let in whoever came first, so that thousands of one tenant that wait for a server that
//! hardly answers keep everybody else's from it, and from all others.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use plimsoll_domain::ids::TenantId;

use super::shares::Shares;

/// Tries that go on at once at one server; of mail, at the operator's own.
const AT_SERVER: usize = 10;
/// Tries that go on at once in all.
const AT_ONCE: usize = 128;

/// A tenant at a server.
type Place = (String, TenantId);

/// Everybody who sends, or waits to.
pub(super) struct Line(Mutex<State>);

struct State {
    all: Shares,
    at_server: HashMap<String, usize>,
    sending: HashMap<Place, usize>,
    waiting: HashMap<Place, VecDeque<Waiting>>,
    next_ticket: u64,
}

struct Waiting {
    ticket: u64,
    lets_in: oneshot::Sender<Pass>,
}

/// Leave to send at one server, until it is dropped.
pub(super) struct Pass {
    line: Arc<Line>,
    place: Place,
}

impl Line {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            all: Shares::of(AT_ONCE),
            at_server: HashMap::new(),
            sending: HashMap::new(),
            waiting: HashMap::new(),
            next_ticket: 0,
        })))
    }

    /// Waits until one of the tenant's may send at the server. Whoever stops waiting loses their place.
    pub(super) async fn enter(self: &Arc<Self>, server: &str, tenant: &TenantId) -> Pass {
        let (lets_in, entered) = oneshot::channel();
        let admitted = {
            let mut state = self.lock();
            let ticket = state.next_ticket;
            state.next_ticket += 1;
            let place = (server.to_owned(), tenant.clone());
            state.waiting.entry(place).or_default().push_back(Waiting { ticket, lets_in });
            state.admit()
        };
        self.let_in(admitted);
        entered.await.expect("whoever waits is let in some time")
    }

    fn leave(self: &Arc<Self>, place: &Place) {
        let admitted = {
            let mut state = self.lock();
            state.leave(place);
            state.admit()
        };
        self.let_in(admitted);
    }

    fn let_in(self: &Arc<Self>, admitted: Vec<(Place, Waiting)>) {
        for (place, waiting) in admitted {
            // Whoever has stopped waiting drops the pass, and the next enters.
            drop(waiting.lets_in.send(Pass { line: Arc::clone(self), place }));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts in whoever may enter now.
    fn admit(&mut self) -> Vec<(Place, Waiting)> {
        let mut admitted = Vec::new();
        while let Some(place) = self.next() {
            let Some(line) = self.waiting.get_mut(&place) else { break };
            let first = line.pop_front();
            if line.is_empty() {
                self.waiting.remove(&place);
            }
            if let Some(first) = first.filter(|first| !first.lets_in.is_closed()) {
                self.all.add(&place.1);
                *self.at_server.entry(place.0.clone()).or_default() += 1;
                *self.sending.entry(place.clone()).or_default() += 1;
                admitted.push((place, first));
            }
        }
        admitted
    }

    /// Where the next may enter: of those places that have room, the one with the fewest within, and of these the one whose
    /// first has waited longest.
    fn next(&self) -> Option<Place> {
        let has_room = |(server, tenant): &Place| {
            self.at_server.get(server).is_none_or(|within| *within < AT_SERVER) && self.all.has_room(tenant)
        };
        let open = self.waiting.iter().filter(|(place, _)| has_room(place));
        let within = |place: &Place| self.sending.get(place).copied().unwrap_or_default();
        let next = open.min_by_key(|(place, line)| (within(place), line.front().map(|first| first.ticket)));
        next.map(|(place, _)| place.clone())
    }

    fn leave(&mut self, place: &Place) {
        self.all.remove(&place.1);
        one_less(&mut self.at_server, &place.0);
        one_less(&mut self.sending, place);
    }
}

fn one_less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl Pass {
    /// Whether it is for this server.
    pub(super) fn is_for(&self, server: &str) -> bool {
        self.place.0 == server
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.line.leave(&self.place);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use futures_util::FutureExt;

    use super::*;

    type Entering = Pin<Box<dyn Future<Output = Pass>>>;

    fn tenant(id: &str) -> TenantId {
        id.parse().expect("slug")
    }

    /// Those who want to enter, and by now stand in the line or are in.
    fn come(line: &Arc<Line>, server: &str, of: &str, count: usize) -> (Vec<Pass>, Vec<Entering>) {
        let (mut within, mut waiting) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (line, server, of) = (Arc::clone(line), server.to_owned(), tenant(of));
            let mut entering: Entering = Box::pin(async move { line.enter(&server, &of).await });
            match entering.as_mut().now_or_never() {
                Some(pass) => within.push(pass),
                None => waiting.push(entering),
            }
        }
        (within, waiting)
    }

    fn let_in(waiting: &mut Vec<Entering>) -> Vec<Pass> {
        let mut passes = Vec::new();
        waiting.retain_mut(|entering| match entering.as_mut().now_or_never() {
            Some(pass) => {
                passes.push(pass);
                false
            }
            None => true,
        });
        passes
    }

    #[test]
    fn who_waits_for_a_server_keeps_nobody_from_another() {
        let line = Line::new();
        let (within, waiting) = come(&line, "slow", "acme", 2_000);
        assert_eq!((within.len(), waiting.len()), (AT_SERVER, 2_000 - AT_SERVER));
        assert_eq!(come(&line, "quick", "acme", 1).0.len(), 1);
        assert_eq!(come(&line, "quick", "other", 1).0.len(), 1);
    }

    #[test]
    fn at_one_server_the_next_is_of_whoever_has_the_fewest_there() {
        let line = Line::new();
        let (mut acme, mut acme_waits) = come(&line, "mail", "acme", 500);
        let (other, mut other_waits) = come(&line, "mail", "other", 20);
        assert_eq!((acme.len(), other.len()), (AT_SERVER, 0));
        drop(acme.pop());
        let first = let_in(&mut other_waits);
        assert_eq!((first.len(), let_in(&mut acme_waits).len()), (1, 0));
        acme.truncate(2);
        let (of_other, of_acme) = (let_in(&mut other_waits), let_in(&mut acme_waits));
        assert_eq!((of_other.len() + first.len(), of_acme.len() + acme.len()), (5, 5));
    }

    #[test]
    fn one_tenant_with_many_slow_servers_leaves_room_for_the_others() {
        let line = Line::new();
        let mut hang = Vec::new();
        for number in 0..100 {
            hang.push(come(&line, &format!("slow{number}"), "acme", 10));
        }
        assert_eq!(hang.iter().map(|(within, _)| within.len()).sum::<usize>(), AT_ONCE / 2);
        assert_eq!(come(&line, "quick", "other", 1).0.len(), 1);
    }

    #[test]
    fn whoever_stops_waiting_is_passed_over_and_nothing_is_lost() {
        let line = Line::new();
        let (within, mut waiting) = come(&line, "slow", "acme", 30);
        waiting.drain(..5);
        drop(within);
        let within = let_in(&mut waiting);
        assert_eq!((within.len(), waiting.len()), (AT_SERVER, 5));
        // Let in, and gone before they knew.
        drop(within);
        drop(waiting);
        let state = line.lock();
        assert_eq!((state.all.total(), state.at_server.len(), state.sending.len(), state.waiting.len()), (0, 0, 0, 0));
    }
}
