//! Secrets that can be told from everything else, and a search that finds them however they are written.

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};

/// Hexadecimal digits in the core of a secret: too many to stand anywhere by accident.
const CORE: usize = 24;
/// What may be shown of the end of a secret.
const SHOWN: usize = 4;
const SHORTEST: usize = 8;
/// How far around a find is shown.
const AROUND: usize = 80;

/// What must be found nowhere: what each is for, and its core.
#[derive(Default)]
pub(crate) struct Secrets(Mutex<Vec<(String, String)>>);

impl Secrets {
    /// The core of a new secret: letters and digits that stand nowhere else. What is around it is the test's choice, so that
    /// every form of the secret (quoted, escaped, percent-encoded, in an address) has the core in it.
    pub(crate) fn core(&self, what: &str) -> String {
        let core = hexadecimal(&Sha256::digest(what))[..CORE].to_owned();
        self.all().push((what.to_owned(), core.clone()));
        core
    }

    /// Has a secret that the server made be found; its beginning, which tells what it is, and its last four characters may be
    /// shown.
    pub(crate) fn note(&self, what: &str, secret: &str) -> String {
        let bare = secret.rsplit_once('_').map_or(secret, |(_, bare)| bare);
        let core = &bare[..bare.len() - SHOWN];
        assert!(core.len() >= SHORTEST, "{what} is too short to be told from other words: {secret}");
        self.all().push((what.to_owned(), core.to_owned()));
        secret.to_owned()
    }

    /// Every secret that stands in `text` (as it is, in whatever case, in hexadecimal, or within base64), with what is around.
    pub(crate) fn found_in(&self, text: &str) -> Vec<String> {
        let lower = text.to_ascii_lowercase();
        let mut found = Vec::new();
        for (what, core) in self.all().iter() {
            let folded = [core.to_ascii_lowercase(), hexadecimal(core.as_bytes())];
            let at = folded.iter().find_map(|form| lower.find(form));
            let at = at.or_else(|| base64_forms(core).iter().find_map(|form| text.find(form)));
            if let Some(at) = at {
                found.push(format!("{what}: {}", around(text, at)));
            }
        }
        found
    }

    fn all(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.0.lock().expect("not poisoned")
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to memory does not fail");
        text
    })
}

/// What base64 of any text with `core` in it contains, in both alphabets: one form for each place in a group of three bytes.
fn base64_forms(core: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let bytes = [&vec![0; before], core.as_bytes()].concat();
        let whole = STANDARD_NO_PAD.encode(&bytes);
        // Digits at both ends hold bits of what is around.
        let first = (before * 8).div_ceil(6);
        let form = whole[first..bytes.len() * 8 / 6].to_owned();
        forms.extend([form.replace('+', "-").replace('/', "_"), form]);
    }
    forms
}

fn around(text: &str, at: usize) -> String {
    let (from, to) = (at.saturating_sub(AROUND), (at + 2 * AROUND).min(text.len()));
    String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()
}

#[test]
fn a_secret_is_found_in_every_form() {
    let secrets = Secrets::default();
    let core = secrets.core("example");
    let encoded = |text: String| base64::engine::general_purpose::URL_SAFE.encode(text);
    for before in ["", "u:", "us:", "user:"] {
        let found = secrets.found_in(&format!("x {} y", encoded(format!("{before}{core}-tail"))));
        assert_eq!(found.len(), 1, "{before}: {found:?}");
    }
    for text in [core.to_uppercase(), hexadecimal(core.as_bytes()), format!("%22{core}%22"), format!("\"\\\"{core}")] {
        assert_eq!(secrets.found_in(&text).len(), 1, "{text}");
    }
    assert!(secrets.found_in(&format!("…{}", &core[CORE - SHOWN..])).is_empty());
}
