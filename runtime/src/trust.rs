//! Whom this machine trusts: without CA certificates there is no HTTPS, and better said at start than found out later.

use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt;

use crate::http_client::install_tls_provider;

/// There is nobody to trust; in words for operators, with what to do.
#[derive(Debug, thiserror::Error)]
#[error(
    "no CA certificates are found on this machine, so nothing can be reached by HTTPS: install the package \
     ca-certificates, or name a file of certificates as PEM in SSL_CERT_FILE ({reason})"
)]
pub struct NobodyTrusted {
    reason: String,
}

/// Looks for CA certificates where every client here does: those of the system, or where `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` say.
pub fn check() -> Result<(), NobodyTrusted> {
    install_tls_provider();
    let found = ClientConfig::with_platform_verifier();
    found.map(drop).map_err(|error| NobodyTrusted { reason: error.to_string() })
}
