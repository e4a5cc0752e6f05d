//! Cases of the trait `Changes`. Other cases of one database may count, too.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::Store;
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![each_change_is_counted];

async fn each_change_is_counted(store: Arc<dyn Store>) {
    let before = store.changes().await.expect("reads");
    let noted = join_all((0..8).map(|_| store.note_change())).await;
    assert!(noted.iter().all(Result::is_ok), "{noted:?}");
    let after = store.changes().await.expect("reads");
    assert!(after >= before + 8, "{before}, then {after}");
}
