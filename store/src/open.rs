//! From a URI to a store.

use std::sync::Arc;

use crate::{Result, Store, StoreError};

/// What a store may need to know besides its address.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// `embedded:PATH`, `mongodb://…` or `mongodb+srv://…` (with a database name, or `plimsoll` is taken).
    pub uri: String,
}

/// Opens the store at `options.uri`, making its folder or its collections and indexes where they are missing.
pub async fn open(options: &OpenOptions) -> Result<Arc<dyn Store>> {
    let uri = options.uri.as_str();
    if let Some(path) = uri.strip_prefix("embedded:") {
        let store = crate::embedded::EmbeddedStore::open(path.as_ref(), crate::embedded::Limits::default()).await?;
        return Ok(Arc::new(store));
    }
    if crate::mongo::is_uri(uri) {
        return Ok(Arc::new(crate::mongo::MongoStore::open(uri).await?));
    }
    Err(no_store(uri))
}

/// What `uri` names is no store.
pub(crate) fn no_store(uri: &str) -> StoreError {
    let scheme = uri.split(':').next().unwrap_or_default();
    StoreError::Unusable { reason: format!("expected a store of embedded:PATH or mongodb://…, got {scheme:?}") }
}
