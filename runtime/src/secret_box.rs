//! Encrypts secrets at rest, so that a copy of the store is worth nothing without the key.
//!
//! Each sealed text says under which key it was sealed, so that keys can be changed while both are in use. The context it
//! belongs to (a tenant) is authenticated with it: a text moved to another tenant does not open there. `XChaCha20` has
//! nonces long enough to be drawn at random; AES-GCM, whose are not, was rejected: nobody has to count.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::sealing::Sealer;

/// What every sealed text begins with. The number is the format's.
const PREFIX: &str = plimsoll_domain::sealing::BEGINNING;
const NONCE_BYTES: usize = 24;
const ID_DIGITS: usize = 8;
/// Makes the id of a key, and nothing else, from the key. Frozen: ids are stored.
const ID_CONTEXT: &str = "plimsoll 2026 secret key id";

/// A key of 32 bytes under which secrets are sealed. It cannot be printed.
#[derive(Clone)]
pub struct SecretKey {
    bytes: Arc<secrecy::SecretBox<[u8; 32]>>,
    id: String,
}

/// Why a text is no key; it says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretKeyError {
    /// It is no base64, with either alphabet.
    #[error("expected 32 bytes in base64, got something that is not base64")]
    NotBase64,
    /// It is too short or too long.
    #[error("expected 32 bytes in base64, got {0} bytes")]
    Length(usize),
}

/// Why a sealed text cannot be opened; it holds neither the secret nor the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It was never sealed, or by a later version of Plimsoll.
    #[error("expected a sealed secret, which begins with {PREFIX}")]
    NotSealed,
    /// Its key was not given to this process.
    #[error("the secret was sealed under the key {key_id}, which is not here: add it to PLIMSOLL_SECRET_KEY_PREVIOUS")]
    UnknownKey {
        /// First eight hexadecimal digits of the key's hash.
        key_id: String,
    },
    /// It is not what was sealed, or was sealed for somebody else.
    #[error("the sealed secret is damaged, or belongs to another tenant")]
    Damaged,
}

/// Seals secrets under the current key, and opens what was sealed under it or a previous one.
pub struct SecretBox {
    current: SecretKey,
    previous: Vec<SecretKey>,
    entropy: Arc<dyn Entropy>,
}

impl SecretKey {
    /// A fresh key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::from_bytes(entropy.bytes())
    }

    /// Names the key without telling anything of it: eight hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key as base64, to be kept in a file.
    pub fn to_text(&self) -> SecretString {
        BASE64_STANDARD.encode(self.bytes.expose_secret()).into()
    }

    fn from_bytes(bytes: [u8; 32]) -> Self {
        let hash = blake3::Hash::from(blake3::derive_key(ID_CONTEXT, &bytes));
        let id = hash.to_hex()[..ID_DIGITS].to_owned();
        Self { bytes: Arc::new(secrecy::SecretBox::new(Box::new(bytes))), id }
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.bytes.expose_secret().into())
    }
}

/// Either alphabet of base64, with or without padding; white space around it is ignored.
impl FromStr for SecretKey {
    type Err = SecretKeyError;

    fn from_str(text: &str) -> Result<Self, SecretKeyError> {
        let text = text.trim();
        let alphabet = if text.contains(['-', '_']) { alphabet::URL_SAFE } else { alphabet::STANDARD };
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let bytes = GeneralPurpose::new(&alphabet, lenient).decode(text).map_err(|_| SecretKeyError::NotBase64)?;
        let length = bytes.len();
        bytes.try_into().map(Self::from_bytes).map_err(|_| SecretKeyError::Length(length))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SecretBox {
    /// Seals under `current`; opens what was sealed under it or one of `previous`. Nonces are drawn from `entropy`.
    pub fn new(current: SecretKey, previous: Vec<SecretKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self { current, previous, entropy }
    }

    /// `plain` sealed for `context`: `sealed:v1:`, the id of the key, `:`, and nonce and ciphertext as URL-safe base64
    /// without padding. Sealing twice gives two texts.
    pub fn seal(&self, context: &str, plain: &str) -> String {
        let [nonce @ .., _, _, _, _, _, _, _, _] = self.entropy.bytes();
        let payload = Payload { msg: plain.as_bytes(), aad: context.as_bytes() };
        let nonce = XNonce::from(nonce);
        let ciphertext = self.current.cipher().encrypt(&nonce, payload).expect("a secret is far below 256 GiB");
        let body = BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &ciphertext].concat());
        format!("{PREFIX}{}:{body}", self.current.id)
    }

    /// What was sealed for `context`.
    pub fn open(&self, context: &str, sealed: &str) -> Result<String, SecretError> {
        let (key_id, body) = split(sealed).ok_or(SecretError::NotSealed)?;
        let key = std::iter::once(&self.current).chain(&self.previous).find(|key| key.id == key_id);
        let key = key.ok_or_else(|| SecretError::UnknownKey { key_id: key_id.to_owned() })?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(body).map_err(|_| SecretError::Damaged)?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SecretError::Damaged)?;
        let payload = Payload { msg: ciphertext, aad: context.as_bytes() };
        let plain = key.cipher().decrypt(nonce.into(), payload).map_err(|_| SecretError::Damaged)?;
        String::from_utf8(plain).map_err(|_| SecretError::Damaged)
    }

    /// Whether `text` looks like what [`Self::seal`] gives.
    pub fn is_sealed(text: &str) -> bool {
        split(text).is_some()
    }

    /// Whether `sealed` names the current key.
    pub fn is_current(&self, sealed: &str) -> bool {
        split(sealed).is_some_and(|(key_id, _)| key_id == self.current.id)
    }

    /// `sealed` under the current key; `None` when it is already.
    pub fn reseal(&self, context: &str, sealed: &str) -> Result<Option<String>, SecretError> {
        if self.is_current(sealed) {
            return Ok(None);
        }
        self.open(context, sealed).map(|plain| Some(self.seal(context, &plain)))
    }
}

impl Sealer for SecretBox {
    fn seal(&self, context: &str, plain: &str) -> String {
        self.seal(context, plain)
    }

    fn open(&self, context: &str, sealed: &str) -> Result<String, String> {
        self.open(context, sealed).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for SecretBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { current, previous, entropy: _ } = self;
        f.debug_struct("SecretBox").field("current", current).field("previous", previous).finish_non_exhaustive()
    }
}

/// The id of the key, and what follows it.
fn split(sealed: &str) -> Option<(&str, &str)> {
    let (key_id, body) = sealed.strip_prefix(PREFIX)?.split_once(':')?;
    let is_id = key_id.len() == ID_DIGITS && key_id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_id.then_some((key_id, body))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::system_entropy::SystemEntropy;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd//8=";

    fn fresh() -> SecretKey {
        SecretKey::generate(&SystemEntropy)
    }

    fn sealing_under(current: &SecretKey, previous: &[&SecretKey]) -> SecretBox {
        SecretBox::new(current.clone(), previous.iter().copied().cloned().collect(), Arc::new(SystemEntropy))
    }

    #[test]
    fn a_key_is_read_from_either_alphabet_with_or_without_padding() {
        let key: SecretKey = KEY.parse().expect("a key");
        let url_safe = KEY.replace('/', "_");
        for text in [KEY.trim_end_matches('='), &url_safe, url_safe.trim_end_matches('='), &format!(" {KEY}\n")] {
            let same: SecretKey = text.parse().expect("a key");
            assert_eq!(same.id(), key.id(), "{text}");
        }
        assert_eq!(key.to_text().expose_secret(), KEY);
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let refused = |text: &str| text.parse::<SecretKey>().expect_err("refused").to_string();
        assert_eq!(refused("c2VjcmV0"), "expected 32 bytes in base64, got 6 bytes");
        assert_eq!(refused(""), "expected 32 bytes in base64, got 0 bytes");
        assert_eq!(refused("not a key!"), "expected 32 bytes in base64, got something that is not base64");
    }

    #[test]
    fn the_id_of_a_key_never_changes_and_its_debug_text_shows_nothing_else() {
        let key: SecretKey = KEY.parse().expect("a key");
        assert_eq!(format!("{key:?}"), format!("SecretKey {{ id: {:?}, .. }}", key.id()));
        assert_eq!(key.id(), "0f0e8a26");
    }

    /// libsodium sealed this one: the format is not of our making.
    #[test]
    fn what_was_sealed_by_the_first_version_opens_for_ever() {
        let sealed = "sealed:v1:0f0e8a26:ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp75Fyf_BQFA0mXluo6bhUzKyB_qD5AIg";
        let secrets = sealing_under(&KEY.parse().expect("a key"), &[]);
        assert_eq!(secrets.open("acme", sealed).expect("opens"), "s3cr3t");
        assert!(SecretBox::is_sealed(sealed) && secrets.is_current(sealed) && !SecretBox::is_sealed("s3cr3t"));
    }

    #[test]
    fn an_unknown_key_is_named_with_the_variable_to_set() {
        let (old, new) = (fresh(), fresh());
        let sealed = sealing_under(&old, &[]).seal("acme", "s3cr3t");
        let error = sealing_under(&new, &[]).open("acme", &sealed).expect_err("unknown").to_string();
        assert!(error.contains(old.id()) && error.contains("PLIMSOLL_SECRET_KEY_PREVIOUS"), "{error}");
    }

    #[test]
    fn what_was_never_sealed_is_told_apart() {
        let secrets = sealing_under(&fresh(), &[]);
        for text in ["", "s3cr3t", "sealed:v2:01234567:AA", "sealed:v1:AA"] {
            assert_eq!(secrets.open("acme", text), Err(SecretError::NotSealed), "{text}");
        }
        let short = format!("sealed:v1:{}:AAAA", secrets.current.id());
        assert_eq!(Sealer::open(&secrets, "acme", &short), Err(SecretError::Damaged.to_string()));
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_for_its_context_only(plain in ".*", context in ".*", other in ".*") {
            let secrets = sealing_under(&fresh(), &[]);
            let sealed = secrets.seal(&context, &plain);
            prop_assert_eq!(secrets.open(&context, &sealed), Ok(plain.clone()));
            prop_assert_ne!(secrets.seal(&context, &plain), sealed.clone(), "no nonce is used twice");
            if other != context {
                prop_assert_eq!(secrets.open(&other, &sealed), Err(SecretError::Damaged));
            }
        }

        #[test]
        fn no_changed_byte_is_accepted(plain in "[ -~]{0,40}", at: prop::sample::Index, flip in 1u8..128) {
            let secrets = sealing_under(&fresh(), &[]);
            let mut sealed = secrets.seal("acme", &plain).into_bytes();
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            let sealed = String::from_utf8(sealed).expect("flipping the lower bits of ASCII gives ASCII");
            prop_assert!(secrets.open("acme", &sealed).is_err());
        }

        #[test]
        fn resealed_under_a_new_key_it_opens_with_the_new_one_only(plain in ".*") {
            let (old, new) = (fresh(), fresh());
            let sealed = sealing_under(&old, &[]).seal("acme", &plain);
            let both = sealing_under(&new, &[&old]);
            prop_assert!(!both.is_current(&sealed));
            let resealed = both.reseal("acme", &sealed).expect("opens").expect("was under the old key");
            prop_assert_eq!(both.reseal("acme", &resealed), Ok(None));
            prop_assert_eq!(sealing_under(&new, &[]).open("acme", &resealed), Ok(plain));
            let unknown = SecretError::UnknownKey { key_id: new.id().to_owned() };
            prop_assert_eq!(sealing_under(&old, &[]).open("acme", &resealed), Err(unknown));
        }
    }
}
