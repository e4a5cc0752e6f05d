//! Tenants as files: `plimsoll apply`, `plimsoll diff`, and `plimsoll export` without a folder.
//!
//! A file has one document for each tenant, with sections whose bodies are those of the API. To find out what a file takes, it
//! is applied to a server of our own first, in a dress rehearsal; the two are compared as the API shows them, and only then is
//! anything written. `docs/tenant-files.md` says it for those who write the files.

mod apply;
mod difference;
mod document;
mod export;
mod fault;
mod gather;
mod new_keys;
mod plain_words;
mod plan;
mod rehearsal;
mod schema;
mod secrets;
mod section;
mod state;
mod telling;
mod yaml;

pub(crate) use apply::{APPLY_EXAMPLES, ApplyArguments, DIFF_EXAMPLES, DiffArguments, run_apply, run_diff};
pub(crate) use export::export;
pub(crate) use telling::Voice;
