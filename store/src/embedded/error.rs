//! What SQLite says, in the terms of the port.

use rusqlite::{Error, ErrorCode};

use crate::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        match (error.sqlite_error_code(), error) {
            (Some(ErrorCode::DiskFull), _) => Self::DiskFull,
            (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _) => {
                Self::Unreadable { what: "database", reason }
            }
            (
                None,
                Error::FromSqlConversionFailure(..) | Error::IntegralValueOutOfRange(..) | Error::InvalidColumnType(..),
            ) => Self::Unreadable { what: "row", reason },
            _ => Self::Unavailable { reason },
        }
    }
}

impl StoreError {
    /// The same for another intention that shares its fate.
    pub(super) fn shared(&self) -> Self {
        match self {
            Self::DiskFull => Self::DiskFull,
            other => Self::Unavailable { reason: other.to_string() },
        }
    }
}
