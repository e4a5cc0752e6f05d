//! How instances share the tenants: rendezvous hashing over the instances that are alive.
//!
//! Each instance computes by itself who owns which tenant; when one comes or goes, only its share moves. Two that
//! disagree for a moment do the same work twice, which changes nothing. A lease per tenant was rejected: a thousand
//! writes a tick to agree on what can be computed.

use plimsoll_domain::ids::TenantId;

/// Whether `holder` is the owner of `tenant` among all who are alive. Alone, one owns everything.
pub fn owns(holder: &str, alive: &[String], tenant: &TenantId) -> bool {
    let mine = weight(holder, tenant);
    alive.iter().filter(|other| *other != holder).all(|other| weight(other, tenant) < mine)
}

fn weight(holder: &str, tenant: &TenantId) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(holder.as_bytes()).update(&[0]).update(tenant.as_str().as_bytes());
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants() -> Vec<TenantId> {
        (0..300).map(|number| format!("tenant-{number}").parse().expect("slug")).collect()
    }

    #[test]
    fn every_tenant_has_exactly_one_owner_and_each_a_fair_share() {
        let alive: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        for tenant in tenants() {
            assert_eq!(alive.iter().filter(|holder| owns(holder, &alive, &tenant)).count(), 1);
        }
        let share = tenants().iter().filter(|tenant| owns("a", &alive, tenant)).count();
        assert!((60..=140).contains(&share), "{share} of 300");
    }

    #[test]
    fn when_one_goes_the_others_keep_what_they_had() {
        let all: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let left: Vec<String> = ["a", "b"].map(str::to_owned).to_vec();
        assert!(tenants().iter().filter(|tenant| owns("a", &all, tenant)).all(|tenant| owns("a", &left, tenant)));
    }
}
