//! What lets its holder see a private page: it stands in a link that somebody was given, or in the cookie of who knew the
//! password.
//!
//! Nothing is kept of it: it is sealed with the key that seals stored secrets, for a context of its own, so that neither can
//! stand for the other. A table of sessions was rejected: the site only reads.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::access::Access;
use crate::ids::{PageLinkId, TenantId};
use crate::sealing::Sealer;
use crate::time::Timestamp;

/// Most characters of a token that are looked at.
const LONGEST: usize = 1_024;

/// What somebody showed to be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PassKind {
    /// A link of this id.
    Link(PageLinkId),
    /// The password.
    Password,
}

/// Lets its holder see one tenant's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// What was shown for it.
    pub kind: PassKind,
    /// The [`Access::epoch`] in which it was made.
    pub epoch: u64,
    /// From when on it lets nobody in; `None`: as long as what was shown for it is good.
    pub until: Option<Timestamp>,
}

impl Pass {
    /// Whether it lets its holder in at `now`. A link is good until it ends or is revoked, whatever else is changed of who may
    /// see the page; whoever knew the password must show it again after a change.
    pub fn lets_in(&self, access: &Access, now: Timestamp) -> bool {
        let in_time = self.until.is_none_or(|until| now < until);
        in_time
            && match &self.kind {
                PassKind::Link(id) => access.link_is_good(id, now),
                PassKind::Password => access.password_hash.is_some() && self.epoch == access.epoch,
            }
    }
}

/// `pass` as a token for the page of `tenant`, of characters that need no escape in a URL or a cookie.
pub fn seal(sealer: &dyn Sealer, tenant: &TenantId, pass: &Pass) -> String {
    let plain = serde_json::to_string(pass).expect("a pass serialises");
    URL_SAFE_NO_PAD.encode(sealer.seal(&context(tenant), &plain))
}

/// The pass in `token`; `None`: it is none, or one of another page.
pub fn open(sealer: &dyn Sealer, tenant: &TenantId, token: &str) -> Option<Pass> {
    let bytes = (token.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(token).ok())??;
    let plain = sealer.open(&context(tenant), &String::from_utf8(bytes).ok()?).ok()?;
    serde_json::from_str(&plain).ok()
}

fn context(tenant: &TenantId) -> String {
    format!("page-pass:{tenant}")
}

#[cfg(test)]
mod tests {
    use super::super::access::PageLink;
    use super::*;

    /// Says for whom it sealed, in clear.
    struct Envelope;

    impl Sealer for Envelope {
        fn seal(&self, context: &str, plain: &str) -> String {
            format!("{context}|{plain}")
        }

        fn open(&self, context: &str, sealed: &str) -> Result<String, String> {
            let plain = sealed.strip_prefix(context).and_then(|rest| rest.strip_prefix('|'));
            plain.map(str::to_owned).ok_or_else(|| "it is somebody else's".to_owned())
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn tenant(id: &str) -> TenantId {
        id.parse().expect("slug")
    }

    #[test]
    fn a_pass_opens_for_its_tenant_only_and_never_as_a_stored_secret() {
        let (acme, link) = (tenant("acme"), PassKind::Link("lnk-1".parse().expect("slug")));
        for kind in [link, PassKind::Password] {
            let pass = Pass { kind, epoch: 3, until: Some(at(100)) };
            let token = seal(&Envelope, &acme, &pass);
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
            assert_eq!(open(&Envelope, &acme, &token), Some(pass));
            assert_eq!(open(&Envelope, &tenant("other"), &token), None);
        }
        let plain =
            serde_json::to_string(&Pass { kind: PassKind::Password, epoch: 0, until: None }).expect("serialises");
        let stored = URL_SAFE_NO_PAD.encode(Envelope.seal("acme", &plain));
        assert_eq!(open(&Envelope, &acme, &stored), None, "a secret that was stored opened as a pass");
    }

    #[test]
    fn what_is_no_token_opens_as_nothing() {
        let acme = tenant("acme");
        let wrong = URL_SAFE_NO_PAD.encode("page-pass:acme|{}");
        for token in ["", "å", "a=", "AAAA", &wrong, &"A".repeat(LONGEST + 1)] {
            assert_eq!(open(&Envelope, &acme, token), None, "{token}");
        }
    }

    #[test]
    fn a_link_outlives_a_change_of_the_password_and_not_its_own_end() {
        let id: PageLinkId = "lnk-1".parse().expect("slug");
        let held = PageLink { id: id.clone(), name: "Board".to_owned(), expires_at: None, created_at: at(0) };
        let mut access = Access { private: true, links: vec![held], epoch: 5, ..Access::default() };
        let pass = Pass { kind: PassKind::Link(id), epoch: 1, until: Some(at(100)) };
        assert!(pass.lets_in(&access, at(99)) && !pass.lets_in(&access, at(100)));
        access.links.clear();
        assert!(!pass.lets_in(&access, at(0)));
    }

    #[test]
    fn who_knew_the_password_shows_it_again_after_a_change() {
        let mut access = Access { private: true, password_hash: Some("h".to_owned()), epoch: 1, ..Access::default() };
        let pass = Pass { kind: PassKind::Password, epoch: 1, until: Some(at(100)) };
        assert!(pass.lets_in(&access, at(99)) && !pass.lets_in(&access, at(100)));
        access.epoch = 2;
        assert!(!pass.lets_in(&access, at(0)));
        access = Access { password_hash: None, epoch: 1, ..access };
        assert!(!pass.lets_in(&access, at(0)), "there is no password any more");
    }
}
