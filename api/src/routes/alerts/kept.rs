//! How stored secrets of receivers stay where their masks are sent back, and when they do not.
//!
//! Whoever may configure but not read a secret could otherwise have it sent to a place of their own. So a mask stands for
//! what is stored only under the same name and kind, and only where it is sent to the same host.

use plimsoll_domain::alert::{Receiver, Target};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::secret::Secret;

use crate::secrets::{is_mask, is_masked, mask, mask_url, same_origin};

/// Puts stored secrets where `receivers` carry their masks. A mask of nothing that is stored is refused.
pub(super) fn keep_secrets(receivers: &mut [Receiver], stored: &[Receiver]) -> Result<(), Invalid> {
    let mut faults = Faults::default();
    for (index, receiver) in receivers.iter_mut().enumerate() {
        let before = stored.iter().find(|before| before.name == receiver.name).map(|before| &before.target);
        for field in fill(&mut receiver.target, before) {
            faults.require(false, &format!("/receivers/{index}/{field}"), || {
                "expected the value itself: this is a mask, and nothing is kept for this name, kind and host that it \
                 stands for"
                    .to_owned()
            });
        }
    }
    faults.finish()
}

/// Fills in what is masked; the fields whose masks stand for nothing.
fn fill(target: &mut Target, before: Option<&Target>) -> Vec<&'static str> {
    let held = before.filter(|before| leads_alike(target, before));
    let field = match target {
        Target::Webhook { url, secret, previous_secret } => return fill_webhook(url, (secret, previous_secret), held),
        Target::Email { .. } => return Vec::new(),
        Target::Pagerduty { .. } => "routing_key",
        Target::Opsgenie { .. } | Target::Jsm { .. } => "api_key",
        Target::Slack { .. } | Target::Teams { .. } => "url",
    };
    let mut held = held.cloned();
    let held: Vec<&Secret> = held.iter_mut().flat_map(Target::secrets_mut).map(|secret| &*secret).collect();
    let filled = target.secrets_mut().into_iter().all(|secret| put_back(secret, &held));
    if filled { Vec::new() } else { vec![field] }
}

fn fill_webhook(
    url: &mut Secret,
    (secret, previous): (&mut Option<Secret>, &mut Option<Secret>),
    before: Option<&Target>,
) -> Vec<&'static str> {
    let held = match before {
        Some(Target::Webhook { url, secret, previous_secret }) => Some((url, secret, previous_secret)),
        _ => None,
    };
    let mut wrong = Vec::new();
    if is_masked(url.expose()) {
        match held.filter(|(held, ..)| mask_url(held.expose()) == url.expose()) {
            Some((held, ..)) => *url = held.clone(),
            None => wrong.push("url"),
        }
    }
    let held = held.filter(|(held, ..)| same_origin(held.expose(), url.expose()));
    let (current, former) = held.map_or((None, None), |(_, current, former)| (current.as_ref(), former.as_ref()));
    let is_replaced = secret.as_ref().is_some_and(|secret| !is_mask(secret.expose()));
    if secret.as_mut().is_some_and(|secret| !put_back(secret, current.as_slice())) {
        wrong.push("secret");
    }
    // While a secret is being replaced, the one before it is the one that is stored.
    let order = if is_replaced { [current, former] } else { [former, current] };
    let order: Vec<&Secret> = order.into_iter().flatten().collect();
    if previous.as_mut().is_some_and(|previous| !put_back(previous, &order)) {
        wrong.push("previous_secret");
    }
    wrong
}

/// Puts the first of `held` that the mask stands for in its place; whether there is no mask left.
fn put_back(secret: &mut Secret, held: &[&Secret]) -> bool {
    if !is_mask(secret.expose()) {
        return true;
    }
    let found = held.iter().find(|held| mask(held.expose()) == secret.expose());
    found.map(|found| *secret = (*found).clone()).is_some()
}

/// Whether both are of one kind and, apart from webhooks, whose host stands in what is masked, send to the same host.
fn leads_alike(target: &Target, before: &Target) -> bool {
    match (target, before) {
        (Target::Pagerduty { endpoint, .. }, Target::Pagerduty { endpoint: before, .. })
        | (Target::Jsm { endpoint, .. }, Target::Jsm { endpoint: before, .. }) => {
            same_endpoint(endpoint.as_deref(), before.as_deref())
        }
        (
            Target::Opsgenie { region, endpoint, .. },
            Target::Opsgenie { region: before_region, endpoint: before, .. },
        ) => region == before_region && same_endpoint(endpoint.as_deref(), before.as_deref()),
        _ => target.kind() == before.kind(),
    }
}

fn same_endpoint(endpoint: Option<&str>, before: Option<&str>) -> bool {
    match (endpoint, before) {
        (Some(endpoint), Some(before)) => same_origin(endpoint, before),
        (None, None) => true,
        _ => false,
    }
}
