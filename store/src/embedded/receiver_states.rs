//! How receivers do.

use async_trait::async_trait;
use rusqlite::params;

use plimsoll_domain::alert::ReceiverState;
use plimsoll_domain::ids::TenantId;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{ReceiverStates, Result, document};

#[async_trait]
impl ReceiverStates for EmbeddedStore {
    async fn receiver_states(&self, tenant: &TenantId) -> Result<Vec<ReceiverState>> {
        let tenant = tenant.clone();
        self.read("receiver_states", move |connection| {
            let sql = "SELECT doc FROM receiver_states WHERE tenant = ?1 ORDER BY receiver";
            rows::all(connection, sql, [tenant.as_str()])
        })
        .await
    }

    async fn put_receiver_states(&self, states: &[ReceiverState]) -> Result<()> {
        let states = states.to_vec();
        self.write("put_receiver_states", move |connection| {
            for state in &states {
                let sql = "INSERT INTO receiver_states (tenant, receiver, doc) VALUES (?1, ?2, ?3)
                    ON CONFLICT DO UPDATE SET doc = excluded.doc";
                let (tenant, receiver) = (state.tenant.as_str(), state.receiver.as_str());
                rows::change(connection, sql, params![tenant, receiver, document::to_json(state)?])?;
            }
            Ok(())
        })
        .await
    }
}
