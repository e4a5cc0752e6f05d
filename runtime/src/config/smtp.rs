//! The server that takes our mail, out of one URL.
//!
//! The URL's form is lettre's, but for `tls=opportunistic`: whoever can read the line can take that offer away, so it is
//! refused instead of promising something.

use std::path::PathBuf;

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

/// How mail is handed over.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Name or address of the server; a TLS certificate must be for it.
    pub host: String,
    /// Its port. Default 25, 587 with STARTTLS, 465 with TLS from the start.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub security: SmtpSecurity,
    /// Who we say we are, where the server asks.
    pub login: Option<SmtpLogin>,
    /// `PLIMSOLL_SMTP_FROM`: whose mail it is.
    pub from: Mailbox,
    /// `PLIMSOLL_SMTP_CA_FILE`: PEM file of root certificates that are trusted besides the machine's.
    pub ca_file: Option<PathBuf>,
}

/// Whether the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// `smtp://`: never. For a server on this machine.
    Plain,
    /// `smtp://…?tls=required`: by STARTTLS, before anything else is said. A server that has none is not spoken to.
    StartTls,
    /// `smtps://`: from the start.
    Tls,
}

/// A user and a password.
#[derive(Clone, Debug)]
pub struct SmtpLogin {
    /// Whose.
    pub username: String,
    /// Secret.
    pub password: SecretString,
}

impl Smtp {
    /// Reads `smtp://host`, `smtp://host?tls=required` or `smtps://host`, each with `user:password@` before the host and
    /// `:port` behind it. What is special in user and password is percent-encoded. An error does not repeat the URL.
    pub fn from_url(text: &str) -> Result<Self, String> {
        // An example with user and password in its place would be masked where it is told.
        let expected = "expected smtp://host:25, smtp://host:587?tls=required or smtps://host:465, \
                        where need be with user:password@ before the host";
        let url = Url::parse(text).map_err(|reason| format!("{expected}, got what is no URL: {reason}"))?;
        let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let security = match (url.scheme(), tls.as_deref()) {
            ("smtp", None) => SmtpSecurity::Plain,
            ("smtp", Some("required")) => SmtpSecurity::StartTls,
            ("smtps", None) => SmtpSecurity::Tls,
            ("smtp" | "smtps", Some(tls)) => return Err(format!("{expected}, got tls={tls}")),
            (scheme, _) => return Err(format!("{expected}, got {scheme}://")),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| format!("{expected}, got no host"))?;
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port().unwrap_or(security.default_port()),
            security,
            login: login(&url)?,
            from: "Plimsoll <plimsoll@localhost>".parse().expect("a valid mailbox"),
            ca_file: None,
        })
    }

    /// For people to read: no user and no password.
    pub(super) fn public_view(&self) -> Value {
        let security = match self.security {
            SmtpSecurity::Plain => "none",
            SmtpSecurity::StartTls => "starttls",
            SmtpSecurity::Tls => "tls",
        };
        json!({
            "host": self.host,
            "port": self.port,
            "tls": security,
            "login": self.login.is_some(),
            "from": self.from.to_string(),
            "ca_file": self.ca_file,
        })
    }
}

impl SmtpSecurity {
    const fn default_port(self) -> u16 {
        match self {
            Self::Plain => 25,
            Self::StartTls => 587,
            Self::Tls => 465,
        }
    }
}

fn login(url: &Url) -> Result<Option<SmtpLogin>, String> {
    let decode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
        decoded.map_err(|_| "expected UTF-8 in user and password".to_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err("expected a user before the password".to_owned()),
        (_, None) => Err("expected a password after the user".to_owned()),
        (user, Some(password)) => Ok(Some(SmtpLogin { username: decode(user)?, password: decode(password)?.into() })),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(url: &str) -> Smtp {
        Smtp::from_url(url).expect("valid")
    }

    #[test]
    fn the_url_says_host_port_and_encryption() {
        for (url, host, port, security) in [
            ("smtp://localhost", "localhost", 25, SmtpSecurity::Plain),
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, SmtpSecurity::Plain),
            ("smtp://[::1]:2525", "::1", 2525, SmtpSecurity::Plain),
            ("smtp://mail.example.com?tls=required", "mail.example.com", 587, SmtpSecurity::StartTls),
            ("smtp://mail.example.com:25/?tls=required", "mail.example.com", 25, SmtpSecurity::StartTls),
            ("smtps://mail.example.com", "mail.example.com", 465, SmtpSecurity::Tls),
        ] {
            let smtp = read(url);
            assert_eq!((smtp.host.as_str(), smtp.port, smtp.security), (host, port, security), "{url}");
            assert!(smtp.login.is_none());
        }
    }

    #[test]
    fn user_and_password_are_decoded_and_shown_to_nobody() {
        let smtp = read("smtps://plim%40example.com:p%2F%3A%20w+d@mail.example.com");
        let login = smtp.login.as_ref().expect("given");
        assert_eq!((login.username.as_str(), login.password.expose_secret()), ("plim@example.com", "p/: w+d"));
        let shown = format!("{smtp:?} {}", smtp.public_view());
        assert!(!shown.contains("w+d") && !smtp.public_view().to_string().contains("plim@example.com"), "{shown}");
    }

    #[test]
    fn what_is_no_mail_server_is_refused_without_repeating_the_password() {
        for url in [
            "mail.example.com:25",
            "http://user:s3cr3t@mail.example.com",
            "smtp://user:s3cr3t@mail.example.com?tls=opportunistic",
            "smtps://user:s3cr3t@mail.example.com?tls=required",
            "smtps://user@mail.example.com",
            "smtps://:s3cr3t@mail.example.com",
            "smtps://user:s3cr3t@",
            "smtps://user:%FF@mail.example.com",
            "user:s3cr3t@mail.example.com",
            "",
        ] {
            let refused = Smtp::from_url(url).expect_err("refused");
            assert!(refused.starts_with("expected ") && !refused.contains("s3cr3t"), "{url}: {refused}");
            assert_eq!(crate::masking::mask_text(&refused), refused, "what is expected is told whole");
        }
    }
}
