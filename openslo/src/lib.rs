//! A tenant's SLOs as OpenSLO v1 documents, and back: what other tools speak, so that nobody is held here by a format.
//!
//! What OpenSLO can say is said in OpenSLO, and is what counts when it is read again: an edited target is a new
//! objective. The rest stands in annotations under `plimsoll.dev/`, and comes back unchanged. Documents from elsewhere
//! have none of those; what they leave open gets our defaults, and what we could not measure as they mean it is refused
//! by name rather than measured as something else.
//!
//! Pure: text in, values out. Which secrets a tenant may see or keep is for the caller to say.
//!
//! Typed structs read by serde were rejected: they stop at the first fault, and know no JSON pointer.

mod annotation;
mod document;
mod duration;
mod labels;
mod promql;
mod read;
mod write;
pub mod yaml;

pub use read::read;
pub use write::write;
