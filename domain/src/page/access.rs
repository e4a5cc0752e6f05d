//! Who may see a page: everybody, or those with a password, from certain networks, or with a link.
//!
//! Any one of them is enough. Whoever has none of them is told that there is no such page.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::ids::PageLinkId;
use crate::invalid::{Faults, Invalid, check_text};
use crate::time::Timestamp;

const MAX_NETWORKS: usize = 100;
const MAX_LINKS: usize = 100;

/// Who may see a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Whether only some may.
    pub private: bool,
    /// Whoever knows the password: its Argon2 hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// Whoever comes from one of these networks.
    #[serde(default)]
    pub networks: Vec<IpNet>,
    /// Whoever holds one of these links.
    #[serde(default)]
    pub links: Vec<PageLink>,
    /// One more whenever what was let in before must show itself again.
    #[serde(default)]
    pub epoch: u64,
}

/// A link that lets its holder see the page. The link itself is signed, and is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLink {
    /// Names it, for revoking.
    pub id: PageLinkId,
    /// What a person calls it.
    pub name: String,
    /// When it ends; `None`: when it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Access {
    /// Whether a client at this address sees the page without showing anything.
    pub fn is_open_to(&self, client: IpAddr) -> bool {
        let client = client.to_canonical();
        !self.private || self.networks.iter().any(|network| network.contains(&client))
    }

    /// Whether the link of this id lets its holder in at `now`.
    pub fn link_is_good(&self, id: &PageLinkId, now: Timestamp) -> bool {
        let link = self.links.iter().find(|link| link.id == *id);
        link.is_some_and(|link| link.expires_at.is_none_or(|end| now < end))
    }

    /// Refuses more networks or links than there may be.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        let (networks, links) = (self.networks.len(), self.links.len());
        faults.require(networks <= MAX_NETWORKS, "/networks", || {
            format!("expected at most {MAX_NETWORKS} networks, got {networks}")
        });
        faults.require(links <= MAX_LINKS, "/links", || format!("expected at most {MAX_LINKS} links, got {links}"));
        for (index, link) in self.links.iter().enumerate() {
            check_text(&mut faults, &link.name, 80, &format!("/links/{index}/name"));
        }
        faults.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_both_kinds_let_in_and_nothing_else_does() {
        let networks = ["192.0.2.0/24", "2001:db8::/32"].map(|text| text.parse().expect("a network")).to_vec();
        let access = Access { private: true, networks, ..Access::default() };
        for (client, is_in) in [
            ("192.0.2.9", true),
            ("::ffff:192.0.2.9", true),
            ("2001:db8::1", true),
            ("192.0.3.1", false),
            ("::1", false),
        ] {
            assert_eq!(access.is_open_to(client.parse().expect("an address")), is_in, "{client}");
        }
        assert!(Access::default().is_open_to("203.0.113.1".parse().expect("an address")));
    }

    #[test]
    fn a_link_ends_with_its_time_and_with_its_removal() {
        let at = Timestamp::from_seconds;
        let id: PageLinkId = "lnk-1".parse().expect("slug");
        let link = PageLink { id: id.clone(), name: "Board".to_owned(), expires_at: Some(at(100)), created_at: at(0) };
        let mut access = Access { private: true, links: vec![link], ..Access::default() };
        assert!(access.link_is_good(&id, at(99)) && !access.link_is_good(&id, at(100)));
        access.links.clear();
        assert!(!access.link_is_good(&id, at(0)));
    }
}
