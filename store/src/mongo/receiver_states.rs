//! How receivers do.

use async_trait::async_trait;
use bson::doc;

use plimsoll_domain::alert::ReceiverState;
use plimsoll_domain::ids::TenantId;

use super::MongoStore;
use super::call::run;
use super::collections::RECEIVER_STATES;
use super::documents::document;
use crate::{ReceiverStates, Result};

#[async_trait]
impl ReceiverStates for MongoStore {
    async fn receiver_states(&self, tenant: &TenantId) -> Result<Vec<ReceiverState>> {
        let (first, end) = (doc! { "t": tenant.as_str(), "r": "" }, doc! { "t": tenant.as_str(), "r": "~" });
        let filter = doc! { "_id": { "$gte": first, "$lt": end } };
        run("receiver_states", self.all(RECEIVER_STATES, filter, doc! { "_id": 1 }, None)).await
    }

    async fn put_receiver_states(&self, states: &[ReceiverState]) -> Result<()> {
        run("put_receiver_states", async {
            let mut updates = Vec::with_capacity(states.len());
            for state in states {
                let id = doc! { "t": state.tenant.as_str(), "r": state.receiver.as_str() };
                let new = document(id.clone(), state)?;
                updates.push(doc! { "q": { "_id": id }, "u": new, "upsert": true });
            }
            self.update_all(RECEIVER_STATES, updates).await
        })
        .await
    }
}
