//! What can go wrong in a store, named after what a caller can do about it.

/// Why an intention was not carried out. Nothing of it was stored, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something of that identity exists already.
    #[error("{what} exists already")]
    Exists {
        /// What, with its id.
        what: String,
    },
    /// There is nothing of that identity.
    #[error("{what} does not exist")]
    Missing {
        /// What, with its id.
        what: String,
    },
    /// Somebody else changed it in between: read again and decide anew.
    #[error("{what} was changed by somebody else")]
    Stale {
        /// What, with its id.
        what: String,
    },
    /// A limit on how many there may be is reached.
    #[error("{what} is full: at most {limit} fit")]
    Limit {
        /// What is full.
        what: String,
        /// How many fit.
        limit: usize,
    },
    /// The disk is full. Reads go on; writes succeed again once there is room.
    #[error("the disk that holds the store is full")]
    DiskFull,
    /// The store cannot be reached or does not answer in time; whether the intention was carried out is not known, and
    /// carrying it out again does no harm.
    #[error("the store cannot be reached: {reason}")]
    Unavailable {
        /// What the driver said, without secrets.
        reason: String,
    },
    /// A stored document cannot be read: damaged, or written by a newer version.
    #[error("a stored {what} cannot be read: {reason}")]
    Unreadable {
        /// What kind of document.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// What is to be stored could not be read back: nested too deep, or with a number or a name that the store has not.
    #[error("this {what} cannot be stored: {reason}")]
    Unstorable {
        /// What kind of document.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// The store's address or folder cannot be used.
    #[error("{reason}")]
    Unusable {
        /// Why not, and what to do.
        reason: String,
    },
}
