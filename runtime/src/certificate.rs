//! When a certificate expires: the one thing that is read out of it. Whether it is to be trusted is rustls' to say.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use plimsoll_domain::time::Timestamp;

/// The end of the validity of the certificate in `der`, if that is one.
pub(crate) fn expires_at(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(Timestamp::from_seconds(certificate.validity().not_after.timestamp()))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    /// Made by OpenSSL, which says: notAfter=Dec 28 18:11:44 2027 GMT.
    const LEAF: &str = concat!(
        "MIIBlDCCATmgAwIBAgIUYhR/ZcEBv6tos+aNLX6G1aJ1Y44wCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyNTE4",
        "MTE0NFoXDTI3MTIyODE4MTE0NFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdBtweqzK0uVJjHjJ",
        "qBcTbRE+gbf2oa5RuWi7lKK7MrxH6Mrh4t4SzIHwCLZq7Y7Km68jP7MFd4jqibB2m/gEjaNpMGcwHQYDVR0OBBYEFPq4YNPeXHNSIt3pAMLA",
        "iy+zOxQYMB8GA1UdIwQYMBaAFPq4YNPeXHNSIt3pAMLAiy+zOxQYMA8GA1UdEwEB/wQFMAMBAf8wFAYDVR0RBA0wC4IJbG9jYWxob3N0MAoG",
        "CCqGSM49BAMCA0kAMEYCIQCHJvewr9LRJvQJFhvCRKC8BV5lBlWMDoL0Wk1kVWg1rQIhAMvD2OfDqXC6tFInfSxQYyu9dEpx/NmJokWpMRCv",
        "Bo7f",
    );

    #[test]
    fn the_end_of_the_validity_is_read() {
        let der = BASE64_STANDARD.decode(LEAF).expect("base64");
        assert_eq!(expires_at(&der), Some("2027-12-28T18:11:44Z".parse().expect("an instant")));
    }

    #[test]
    fn what_is_no_certificate_expires_never() {
        assert_eq!(expires_at(b"certificate"), None);
        assert_eq!(expires_at(&[]), None);
    }
}
