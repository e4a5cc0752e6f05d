//! How much of something scarce each tenant holds: nobody may hold more than is left free. One tenant alone then has half of
//! it, two have a third each, and there is always something left for whoever comes next.
//!
//! A fixed share for each was rejected: it is too small for one alone, or too large for many.

use std::collections::HashMap;

use plimsoll_domain::ids::TenantId;

/// Who holds how much of `most`.
pub(super) struct Shares {
    most: usize,
    total: usize,
    of: HashMap<TenantId, usize>,
}

impl Shares {
    pub(super) fn of(most: usize) -> Self {
        Self { most, total: 0, of: HashMap::new() }
    }

    /// How much is held by all.
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    /// Whether the tenant may hold one more.
    pub(super) fn has_room(&self, tenant: &TenantId) -> bool {
        self.of.get(tenant).copied().unwrap_or_default() < self.most.saturating_sub(self.total)
    }

    pub(super) fn add(&mut self, tenant: &TenantId) {
        self.total += 1;
        *self.of.entry(tenant.clone()).or_default() += 1;
    }

    pub(super) fn remove(&mut self, tenant: &TenantId) {
        self.total = self.total.saturating_sub(1);
        if let Some(held) = self.of.get_mut(tenant) {
            *held -= 1;
            if *held == 0 {
                self.of.remove(tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_has_half_and_there_is_room_for_whoever_comes_next() {
        let [one, other, third] = ["one", "other", "third"].map(|id| id.parse::<TenantId>().expect("slug"));
        let mut shares = Shares::of(12);
        let fill = |shares: &mut Shares, tenant: &TenantId| {
            (0..99).take_while(|_| shares.has_room(tenant).then(|| shares.add(tenant)).is_some()).count()
        };
        assert_eq!(fill(&mut shares, &one), 6);
        assert_eq!(fill(&mut shares, &other), 3);
        assert!(shares.has_room(&third) && !shares.has_room(&one));
        (0..6).for_each(|_| shares.remove(&one));
        assert_eq!((fill(&mut shares, &other), shares.total()), (3, 6));
    }
}
