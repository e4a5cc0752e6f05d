//! Cases of the traits `AlertConfigs` and `ReceiverStates`, and of sealing anew.

use std::sync::Arc;

use plimsoll_domain::alert::receiver::SwitchedOff;
use plimsoll_domain::alert::{AlertConfig, Receiver, ReceiverState, Router, Target};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::secret::Secret;
use plimsoll_domain::time::Span;

use crate::Store;
use crate::contract::given::{at, id, refused};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    an_alert_configuration_takes_the_place_of_the_version_before,
    what_is_known_of_receivers_is_replaced,
    sealing_anew_changes_nothing_that_is_read,
];

/// A webhook and a mailbox that are told of everything.
pub(super) fn config(version: u64) -> AlertConfig {
    let url = Secret::new("https://example.com/hook?token=t0ken");
    let secret = Some(Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let hook = Target::Webhook { url, secret, previous_secret: None };
    let mail = Target::Email { to: vec!["ops@example.com".to_owned()] };
    let receiver = |name: &str, target| Receiver { name: name.parse().expect("a name"), target };
    let receivers = vec![receiver("hook", hook), receiver("mail", mail)];
    let default_receivers = receivers.iter().map(|receiver| receiver.name.clone()).collect();
    let router = Router { default_receivers, ..Router::default() };
    AlertConfig { version, receivers, router, ..AlertConfig::default() }
}

async fn an_alert_configuration_takes_the_place_of_the_version_before(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("alert-config-a"), id("alert-config-b"));
    assert_eq!(store.alert_config(&ours).await.expect("reads"), None);
    refused!(store.put_alert_config(&ours, &config(2)).await, Stale);
    store.put_alert_config(&ours, &config(1)).await.expect("stores");
    refused!(store.put_alert_config(&ours, &config(1)).await, Stale);
    let second = AlertConfig { cooldown: Span::minutes(1), ..config(2) };
    store.put_alert_config(&ours, &second).await.expect("stores");
    refused!(store.put_alert_config(&ours, &second).await, Stale);
    assert_eq!(store.alert_config(&ours).await.expect("reads"), Some(second));
    assert_eq!(store.alert_config(&theirs).await.expect("reads"), None);
}

async fn what_is_known_of_receivers_is_replaced(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("receiver-state-a"), id("receiver-state-b"));
    let state = |tenant: &TenantId, name: &str| ReceiverState::unknown(tenant.clone(), name.parse().expect("a name"));
    let (b, a) = (state(&ours, "b"), state(&ours, "a"));
    store.put_receiver_states(&[b.clone(), a.clone(), state(&theirs, "a")]).await.expect("stores");
    assert_eq!(store.receiver_states(&ours).await.expect("reads"), [a, b.clone()]);
    let off = Some(SwitchedOff { at: at(1), reason: "410".to_owned(), place: "here".to_owned() });
    let off = ReceiverState { failures_in_a_row: 3, failure: Some("gone".to_owned()), switched_off: off, ..b };
    store.put_receiver_states(std::slice::from_ref(&off)).await.expect("stores");
    assert_eq!(store.receiver_states(&ours).await.expect("reads")[1], off);
    store.put_receiver_states(&[]).await.expect("stores nothing");
}

async fn sealing_anew_changes_nothing_that_is_read(store: Arc<dyn Store>) {
    let tenant: TenantId = id("reseal");
    let mut with_seal = config(1);
    let Target::Email { to } = &mut with_seal.receivers[1].target else { panic!("a mailbox") };
    // Where no secret is, a text that looks like a seal stays what it is, unless whoever reseals says otherwise.
    "sealed:v1:looks-like-one".clone_into(&mut to[0]);
    store.put_alert_config(&tenant, &with_seal).await.expect("stores");
    let nothing = store.reseal_across_tenants(&|_, _| Ok(None)).await.expect("reads through");
    assert_eq!(nothing, 0);
    let other = tenant.clone();
    let reseal = move |of: &TenantId, text: &str| {
        let is_it = *of == other && text == "sealed:v1:looks-like-one";
        Ok(is_it.then(|| "sealed:v1:another".to_owned()))
    };
    assert_eq!(store.reseal_across_tenants(&reseal).await.expect("seals anew"), 1);
    assert_eq!(store.reseal_across_tenants(&reseal).await.expect("seals anew"), 0, "it is done");
    let read = store.alert_config(&tenant).await.expect("reads").expect("is there");
    assert_eq!(read.receivers[0], with_seal.receivers[0]);
    assert_eq!(read.receivers[1].target, Target::Email { to: vec!["sealed:v1:another".to_owned()] });
}
