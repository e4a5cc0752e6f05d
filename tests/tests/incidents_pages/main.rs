//! What stands on a page of incidents, maintenance and components: what people said, and nothing that it does by itself.

mod automation;
mod corpus;
mod files;
mod hidden;
mod maintenance;
mod markdown;
mod timeline;
