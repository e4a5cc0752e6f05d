//! The port through which secrets are sealed before they are stored: a receiver's key lies nowhere in the clear. How it
//! is done, and under which key, is not the domain's to know.

/// How a sealed text begins, whatever it was sealed under.
pub const BEGINNING: &str = "sealed:v1:";

/// Encrypts secrets at rest, and opens them again.
pub trait Sealer: Send + Sync {
    /// `plain` sealed for `context` (the id of the tenant whose secret it is): text that can be stored.
    fn seal(&self, context: &str, plain: &str) -> String;

    /// What was sealed for `context`. Errors say why it cannot be opened, in words that hold no secret.
    fn open(&self, context: &str, sealed: &str) -> Result<String, String>;
}
