//! Which tenants there are, asked of the store at most once a second for those that are listed.
//!
//! The list as a whole is held, not a memory of names that were not found: it is bounded by the tenants there are, so
//! nobody fills the memory or keeps the store busy with names out of the air. A name that is not listed may be one that
//! was made a moment ago: it is asked for once more, within a budget for all such names together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::Timestamp;
use plimsoll_store::PublicReads;
use tokio::sync::Mutex;

const HOLDS_MILLIS: i64 = 1_000;
/// How often in a second the list is read again for names that are not in it.
pub(crate) const SECOND_LOOKS: u32 = 20;

/// Whether there is such a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// There is; its name.
    Yes(String),
    /// There is not.
    No,
    /// The store does not say.
    Silent,
}

/// The list of tenants as it was last read.
#[derive(Debug, Default)]
pub(crate) struct Tenants {
    list: Mutex<List>,
    /// How many times reading it was begun.
    begun: AtomicU64,
}

#[derive(Debug, Default)]
struct List {
    names: HashMap<TenantId, String>,
    /// Which reading this is.
    reading: u64,
    asked_at: Option<Timestamp>,
    answered: bool,
    /// When the second began in which second looks are counted, and how many there were.
    looked: Option<(Timestamp, u32)>,
}

impl Tenants {
    /// Whether `tenant` exists; reads the list again when it is over a second old, or when `tenant` is not in it and
    /// there is budget left. One reader at a time asks the store, for all who came before it began.
    pub(crate) async fn find(
        &self,
        tenant: &TenantId,
        reads: &dyn PublicReads,
        now: impl Fn() -> Timestamp,
        deadline: Duration,
    ) -> Listed {
        let begun_before = self.begun.load(Ordering::Acquire);
        let mut list = self.list.lock().await;
        let is_due = !list.asked_at.is_some_and(|asked| is_same_second(asked, now()));
        let is_missed = list.answered && !list.names.contains_key(tenant) && list.reading <= begun_before;
        if is_due || (is_missed && list.may_look_again(now())) {
            list.reading = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
            let answer = tokio::time::timeout(deadline, reads.pages()).await;
            list.asked_at = Some(now());
            list.answered = false;
            if let Ok(Ok(pages)) = answer {
                list.names = pages.into_iter().collect();
                list.answered = true;
            }
        }
        match list.names.get(tenant) {
            Some(name) => Listed::Yes(name.clone()),
            None if list.answered => Listed::No,
            None => Listed::Silent,
        }
    }
}

impl List {
    /// Takes one second look out of the budget of this second, if one is left.
    fn may_look_again(&mut self, now: Timestamp) -> bool {
        let (since, count) = self.looked.filter(|(since, _)| is_same_second(*since, now)).unwrap_or((now, 0));
        self.looked = Some((since, count + 1));
        count < SECOND_LOOKS
    }
}

/// Whether both lie within a second. A clock that was set back ends it, too.
fn is_same_second(since: Timestamp, now: Timestamp) -> bool {
    now.millis_since(since).abs() < HOLDS_MILLIS
}
