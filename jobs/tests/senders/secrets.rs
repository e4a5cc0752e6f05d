//! What a target keeps secret is in nothing that is said of it.

use futures_util::future::join_all;
use plimsoll_domain::alert::Target;
use plimsoll_domain::secret::Secret;
use plimsoll_tests::receivers::{Answer, Opsgenie, Processing};

use crate::world::{Peer, impatient_senders, opsgenie, senders, trigger, trigger_by};

/// Everything in it that must not be said.
fn secrets(target: &Target) -> Vec<String> {
    let of_url = |url: &Secret| {
        let (_, path) = url.expose().split_once("://").and_then(|(_, rest)| rest.split_once('/')).expect("a path");
        path.split(['/', '?', '&', '=']).filter(|part| part.contains("-of-the-tests")).map(str::to_owned).collect()
    };
    match target {
        Target::Pagerduty { routing_key: key, .. }
        | Target::Opsgenie { api_key: key, .. }
        | Target::Jsm { api_key: key, .. } => vec![key.expose().to_owned()],
        Target::Slack { url } | Target::Teams { url } => of_url(url),
        Target::Webhook { url, secret, .. } => {
            let secret = secret.as_ref().expect("signed").expose();
            [of_url(url), vec![secret.to_owned(), secret.trim_start_matches("whsec_").to_owned()]].concat()
        }
        Target::Email { .. } => Vec::new(),
    }
}

/// Whatever `peer` answers, its secrets are not in what is said of it, and none of their beginnings is.
async fn keeps_its_secrets(peer: Peer) {
    let secrets = secrets(&peer.target);
    assert!(!secrets.is_empty());
    let mut answers = vec![Answer::Reset, Answer::Hang, Answer::Redirect("http://127.0.0.1:1/".to_owned())];
    for secret in &secrets {
        // Far enough to the right that a cut could fall into the middle of the second one.
        let said = format!("known: {secret} and\n{} {}", "x".repeat(1_000), secret.to_uppercase());
        answers.extend([200, 307, 400, 429, 500].map(|status| Answer::Says(status, said.clone())));
    }
    for answer in answers {
        peer.host.answer_with([answer.clone()]);
        let senders = if answer == Answer::Hang { impatient_senders(None) } else { senders(None) };
        let words = trigger_by(&senders, &peer.target).await.words.to_lowercase();
        for secret in &secrets {
            let is_there = words.contains(&secret[..8].to_lowercase());
            assert!(!is_there, "{} {answer:?}: {words}", peer.target.kind());
        }
    }
}

#[tokio::test]
async fn a_provider_that_repeats_our_secrets_is_not_repeated() {
    join_all(Peer::all().await.into_iter().map(keeps_its_secrets)).await;
}

#[tokio::test]
async fn nor_is_one_that_repeats_them_when_it_is_asked_what_became_of_a_request() {
    let host = Opsgenie::start().await;
    host.process(Processing::Fails(format!("the key {} is turned off", Opsgenie::API_KEY)));
    let words = trigger(&opsgenie(&host)).await.words;
    assert_eq!(words, "the key •••• is turned off");
}
