//! Tenants, their API keys, and what a role may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::entropy::Entropy;
use crate::ids::{KeyId, TenantId};
use crate::invalid::{Faults, Invalid, check_text};
use crate::time::Timestamp;

/// What every API key starts with, so that people and secret scanners know one when they see it.
pub const KEY_PREFIX: &str = "plk_";
/// Most keys a tenant may have: they are kept in the tenant's own document.
pub const MAX_KEYS: usize = 100;

/// One customer of this installation. Everything else belongs to exactly one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its id, and the slug of its page.
    pub id: TenantId,
    /// Its name, as the public reads it.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its API keys. The first is the admin key that came with the tenant.
    pub keys: Vec<ApiKey>,
}

impl Tenant {
    /// A tenant with its first, admin, key; refuses an empty or overlong name.
    pub fn new(id: TenantId, name: &str, admin_key: ApiKey, now: Timestamp) -> Result<Self, Invalid> {
        let mut faults = Faults::default();
        check_text(&mut faults, name, 120, "/name");
        faults.finish()?;
        Ok(Self { id, name: name.trim().to_owned(), created_at: now, keys: vec![admin_key] })
    }
}

/// What a key may do. Each role may also do what `viewer` may; `admin` may do everything within its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Configures components, SLOs, keys.
    Admin,
    /// Handles incidents and maintenance.
    Operator,
    /// Pushes samples.
    Ingest,
    /// Reads.
    Viewer,
}

impl Role {
    /// Whether a key of this role may do what needs `needed`.
    pub const fn allows(self, needed: Self) -> bool {
        match (self, needed) {
            (Self::Admin, _) | (_, Self::Viewer) => true,
            (mine, needed) => mine as u8 == needed as u8,
        }
    }

    /// The role as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Ingest => "ingest",
            Self::Viewer => "viewer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Admin, Self::Operator, Self::Ingest, Self::Viewer]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("expected admin, operator, ingest or viewer, got {text:?}"))
    }
}

/// An API key as it is kept: its hash, never itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Names the key, for listing and revoking.
    pub id: KeyId,
    /// What a person calls it; it stands in logs and timelines as the author.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// BLAKE3 of the key, in hex. The key holds 256 random bits, so that no slow hash is needed.
    pub hash: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ApiKey {
    /// Makes a key. Returns what is kept, and the key itself, which is shown once and then forgotten.
    pub fn generate(name: &str, role: Role, now: Timestamp, entropy: &dyn Entropy) -> Result<(Self, String), Invalid> {
        let mut faults = Faults::default();
        check_text(&mut faults, name, 80, "/name");
        faults.finish()?;
        let plain = secret(KEY_PREFIX, entropy);
        let key = Self {
            id: KeyId::fresh(entropy),
            name: name.trim().to_owned(),
            role,
            hash: hash_key(&plain),
            created_at: now,
        };
        Ok((key, plain))
    }
}

/// A fresh secret: `prefix` and 256 random bits in hex.
pub fn secret(prefix: &str, entropy: &dyn Entropy) -> String {
    entropy.bytes().iter().fold(prefix.to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// The hash a key is kept and looked up by.
pub fn hash_key(plain: &str) -> String {
    blake3::hash(plain.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_may_do_everything_and_the_others_only_their_own_and_read() {
        use Role::{Admin, Ingest, Operator, Viewer};
        for needed in [Admin, Operator, Ingest, Viewer] {
            assert!(Admin.allows(needed));
            assert_eq!(Operator.allows(needed), matches!(needed, Operator | Viewer));
            assert_eq!(Ingest.allows(needed), matches!(needed, Ingest | Viewer));
            assert_eq!(Viewer.allows(needed), needed == Viewer);
        }
    }

    #[test]
    fn a_key_is_kept_only_as_its_hash() {
        struct Fixed;
        impl Entropy for Fixed {
            fn bytes(&self) -> [u8; 32] {
                [7; 32]
            }
        }
        let (kept, plain) =
            ApiKey::generate("ci", Role::Ingest, Timestamp::from_millis(0), &Fixed).expect("a valid name");
        assert!(plain.starts_with(KEY_PREFIX) && plain.len() == KEY_PREFIX.len() + 64);
        assert_eq!(kept.hash, hash_key(&plain));
        assert!(!serde_json::to_string(&kept).expect("serialises").contains(&plain));
    }
}
