//! Certificates that are made for one test: an authority, and a server's for loopback.

use plimsoll_domain::time::Timestamp;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// Whoever trusts it trusts what it signs.
pub(crate) struct Authority {
    /// Its own certificate, as PEM.
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn make() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let pem = params.self_signed(&key).expect("signs itself").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate for a server that is called `localhost` or 127.0.0.1, until the day of `end` begins if that is given.
    pub(crate) fn sign(&self, end: Option<Timestamp>) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("valid names");
        params.distinguished_name.push(DnType::CommonName, "server of a test");
        params.use_authority_key_identifier_extension = true;
        if let Some(end) = end {
            let part = |pattern: &str| end.format(pattern).parse::<u16>().expect("a number");
            let day = |pattern: &str| u8::try_from(part(pattern)).expect("a small number");
            params.not_after = rcgen::date_time_ymd(part("%Y").into(), day("%m"), day("%d"));
        }
        (params.signed_by(&key, &self.issuer).expect("the authority signs"), key)
    }
}

/// All as PEM.
pub(super) struct Certificates {
    /// Of the authority, to be trusted.
    pub(super) authority: String,
    /// Of the server.
    pub(super) server: String,
    /// The server's private key.
    pub(super) key: String,
}

impl Certificates {
    /// For a server that is called `localhost` or 127.0.0.1.
    pub(super) fn make() -> Self {
        let authority = Authority::make();
        let (server, key) = authority.sign(None);
        Self { authority: authority.pem, server: server.pem(), key: key.serialize_pem() }
    }
}
