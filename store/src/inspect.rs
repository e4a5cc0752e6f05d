//! Looks at a store without changing it: whether it can be opened, what it is, and a few of the seals in it. For whoever
//! wants to know what is wrong before the server is started, or while it runs.

use std::path::PathBuf;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::Timestamp;

use crate::{OpenOptions, Result, embedded, mongo};

/// Documents of a kind that are searched for seals: enough to see which keys are in use.
pub(crate) const SEARCHED: usize = 200;

/// What was seen.
#[derive(Debug)]
pub struct Inspection {
    /// What kind of store it is, and in which state.
    pub place: Place,
    /// Sealed texts and the tenants they belong to: of the components, SLOs, receivers, alerts and subscribers, as far as
    /// they were searched. `None` when the store could not be read without changing it.
    pub seals: Option<Vec<(TenantId, String)>>,
}

/// What kind of store it is.
#[derive(Debug)]
pub enum Place {
    /// A folder of this machine.
    Embedded(Folder),
    /// A MongoDB deployment.
    MongoDb(Deployment),
}

/// The embedded store's folder.
#[derive(Debug)]
pub struct Folder {
    /// Where.
    pub path: PathBuf,
    /// How large the database is, in bytes; `None` when there is none yet.
    pub bytes: Option<u64>,
    /// Whether a process has it open.
    pub is_in_use: bool,
    /// Whether a process died with it open: what is in the log is taken up at the next start.
    pub was_left_open: bool,
}

/// A MongoDB deployment.
#[derive(Debug)]
pub struct Deployment {
    /// The server's version, e.g. `8.0.4`.
    pub version: String,
    /// Name of the replica set; `None` for a sharded cluster.
    pub replica_set: Option<String>,
    /// How many members store data and may vote.
    pub members: usize,
    /// How many of them are up; `None` when the user may not ask.
    pub members_up: Option<usize>,
    /// The primary's clock.
    pub clock: Timestamp,
}

/// Looks at the store at `options.uri`. Errors are those of [`open`](crate::open()).
pub async fn inspect(options: &OpenOptions) -> Result<Inspection> {
    match options.uri.strip_prefix("embedded:") {
        Some(path) => embedded::inspect(path.into()).await,
        None if mongo::is_uri(&options.uri) => mongo::inspect(&options.uri).await,
        None => Err(crate::open::no_store(&options.uri)),
    }
}
