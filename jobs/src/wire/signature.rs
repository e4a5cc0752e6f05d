//! The headers of Standard Webhooks 1.0.0: a stable id, the time of the attempt, and a signature over both and the body.
//! While a secret is being replaced, the old and the new one both sign.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderValue;
use sha2::Sha256;

use plimsoll_domain::alert::receiver::webhook_key;
use plimsoll_domain::secret::Secret;
use plimsoll_domain::time::Timestamp;

use super::exchange::{Finding, Posting};

/// Has `posting` carry the id, the time, and a signature by each of the secrets that there is.
pub(crate) fn sign(
    posting: &mut Posting,
    id: String,
    now: Timestamp,
    secrets: [Option<&Secret>; 2],
) -> Result<(), Finding> {
    let timestamp = now.seconds().to_string();
    let signature = signatures(&id, &timestamp, &posting.body, secrets)?;
    for (name, value) in [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)] {
        if !value.is_empty() {
            posting.headers.insert(name, HeaderValue::from_str(&value).expect("letters, digits and signs"));
        }
    }
    Ok(())
}

/// One signature for each secret, with a space between them; empty without secrets.
fn signatures(id: &str, timestamp: &str, body: &Bytes, secrets: [Option<&Secret>; 2]) -> Result<String, Finding> {
    let sign = |secret: &Secret| {
        let key =
            webhook_key(secret.expose()).map_err(|reason| Finding::dead(format!("its secret is none: {reason}")))?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length will do");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    let signed: Result<Vec<_>, _> = secrets.into_iter().flatten().map(sign).collect();
    Ok(signed?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_reference_implementation() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", Bytes::from_static(br#"{"test": 2432232314}"#));
        let signed = signatures(id, "1614265330", &body, [Some(&secret), None]).expect("signs");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(signatures(id, "0", &body, [Some(&Secret::new("whsec_short")), None]).is_err());
    }
}
