//! Hands mail to the operator's server, and says what that server said.
//!
//! Mail cannot be taken back: so it is told apart whether it can have arrived. lettre's own transport does not tell a
//! connection that was never made from one that broke, and keeps its connections by tasks that nobody tracks. So
//! connections are made and kept here, and lettre speaks on them.

mod knock;
mod letter;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout, timeout_at};

use plimsoll_domain::time::Timestamp;

use crate::certificate;
use crate::config::{Smtp, SmtpSecurity};
use crate::http_client::install_tls_provider;
use crate::masking::{MASKED, presentable};

/// Time to connect and hand over one mail: less than an attempt at a delivery may take.
const TIMEOUT: Duration = Duration::from_secs(14);
/// Time to get a connection on which mail can be sent.
const CONNECT: Duration = Duration::from_secs(7);
/// Time for a kept connection to show that it still leads somewhere.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// How many connections are kept, and for how long: less than servers wait for the next mail.
const MOST_IDLE: usize = 10;
const IDLE_FOR: Duration = Duration::from_secs(55);

/// Sends mail through one server.
pub struct Mailer {
    host: String,
    port: u16,
    security: SmtpSecurity,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    password: Option<SecretString>,
    from: Mailbox,
    hello: ClientId,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

/// A mail. Besides these, it carries `From`, `MIME-Version` and `Auto-Submitted: auto-generated`.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Mailboxes, such as `on-call@example.com` or `On call <on-call@example.com>`; at least one. All see all.
    pub to: Vec<String>,
    /// One line; line ends become spaces.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// `<unique@host>`, with the angle brackets: the same for each attempt, so that a mail that arrives twice is shown once.
    pub message_id: String,
    /// When it was written.
    pub written_at: Timestamp,
    /// More headers: names and values, such as `In-Reply-To`, `References`, `List-Unsubscribe`.
    pub headers: Vec<(String, String)>,
}

/// Why a mailer cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The file of root certificates cannot be used.
    #[error("PLIMSOLL_SMTP_CA_FILE is wrong: {path}: {reason}", path = path.display())]
    CaFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS to the mail server cannot be set up: {0}")]
    Tls(String),
}

/// Why a mail was not handed over. The words are one line of at most 200 characters, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It is no mail: an address, the id or a header cannot be written, or this server cannot take it. Nothing was sent.
    #[error("the mail cannot be sent: {0}")]
    Unsendable(String),
    /// The server refuses it for good (5xx).
    #[error("the mail server refused: {code} {words}")]
    Permanent {
        /// Its answer's code.
        code: u16,
        /// Its answer's text.
        words: String,
    },
    /// The server refuses it for now (4xx).
    #[error("the mail server refused for now: {code} {words}")]
    Transient {
        /// Its answer's code.
        code: u16,
        /// Its answer's text.
        words: String,
    },
    /// No connection was made, or TLS was not agreed upon: nothing has arrived.
    #[error("the mail server cannot be reached: {0}")]
    Unreachable(String),
    /// The exchange failed after it had begun: the mail may have arrived.
    #[error("the exchange with the mail server failed: {0}")]
    Broken(String),
    /// The server did not say in time whether it took the mail, which may have arrived.
    #[error("the mail server gave no answer within {0} s")]
    Timeout(u64),
}

impl MailError {
    /// Whether the mail may have arrived all the same. If not, sending it again does nothing twice.
    pub const fn may_have_arrived(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Timeout(_))
    }

    fn with_words(self, of: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Unsendable(words) => Self::Unsendable(of(words)),
            Self::Permanent { code, words } => Self::Permanent { code, words: of(words) },
            Self::Transient { code, words } => Self::Transient { code, words: of(words) },
            Self::Unreachable(words) => Self::Unreachable(of(words)),
            Self::Broken(words) => Self::Broken(of(words)),
            Self::Timeout(seconds) => Self::Timeout(seconds),
        }
    }
}

impl Mailer {
    /// A mailer for `smtp`. Reads the file of root certificates, if there is one; connects to nothing yet.
    pub fn new(smtp: &Smtp) -> Result<Self, MailerError> {
        install_tls_provider();
        let credentials = smtp
            .login
            .as_ref()
            .map(|login| Credentials::new(login.username.clone(), login.password.expose_secret().to_owned()));
        Ok(Self {
            host: smtp.host.clone(),
            port: smtp.port,
            security: smtp.security,
            tls: if smtp.security == SmtpSecurity::Plain { None } else { Some(tls(smtp)?) },
            credentials,
            password: smtp.login.as_ref().map(|login| login.password.clone()),
            from: smtp.from.clone(),
            hello: ClientId::default(),
            idle: Mutex::default(),
        })
    }

    /// Hands `mail` over within 14 seconds, and gives what the server said to it. A server that refuses one of the
    /// recipients is given nothing for the others either.
    pub async fn send(&self, mail: Mail) -> Result<String, MailError> {
        let sent = self.hand_over(mail).await;
        sent.map(|words| self.veiled(words)).map_err(|error| error.with_words(|words| self.veiled(words)))
    }

    /// `words` without the password, which a server may repeat.
    fn veiled(&self, words: String) -> String {
        match &self.password {
            Some(password) if !password.expose_secret().is_empty() => words.replace(password.expose_secret(), MASKED),
            _ => words,
        }
    }

    async fn hand_over(&self, mail: Mail) -> Result<String, MailError> {
        let message = letter::compose(&self.from, mail)?;
        let deadline = Instant::now() + TIMEOUT;
        let no_connection = |_| MailError::Unreachable(format!("no connection within {} s", CONNECT.as_secs()));
        let connecting = timeout(CONNECT, self.connection()).await.map_err(no_connection)?;
        let mut connection = connecting.map_err(|error| not_begun(&error))?;
        let bytes = message.formatted();
        let sending = connection.send(message.envelope(), &bytes);
        let answer = timeout_at(deadline, sending).await.map_err(|_| MailError::Timeout(TIMEOUT.as_secs()))?;
        let answer = answer.map_err(|error| begun(&error))?;
        let words = answer.message().collect::<Vec<_>>().join(" ");
        self.keep(connection);
        Ok(presentable(&format!("{} {words}", u16::from(answer.code()))))
    }

    /// A kept connection that still leads somewhere, or a new one on which mail can be sent.
    async fn connection(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        while let Some(Idle { mut connection, since }) = self.take() {
            let is_fresh = since.elapsed() < IDLE_FOR;
            if is_fresh && timeout(SIGN_OF_LIFE, connection.test_connected()).await == Ok(true) {
                return Ok(connection);
            }
        }
        let mut connection = self.greeted().await?;
        if let (SmtpSecurity::StartTls, Some(tls)) = (self.security, &self.tls) {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    /// A new connection, on which the server has answered our greeting.
    async fn greeted(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let at_once = self.tls.clone().filter(|_| self.security == SmtpSecurity::Tls);
        let server = (self.host.as_str(), self.port);
        AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &self.hello, at_once, None).await
    }

    /// Whether the server answers a greeting. Nobody signs in for that, and the connection is not kept.
    pub async fn is_greeted(&self) -> bool {
        let Ok(mut connection) = self.greeted().await else { return false };
        // It has answered: whether it says goodbye as well does not matter.
        let _parted = connection.quit().await;
        true
    }

    fn take(&self) -> Option<Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|kept| kept.since.elapsed() < IDLE_FOR);
        if idle.len() < MOST_IDLE && !connection.has_broken() {
            idle.push(Idle { connection, since: Instant::now() });
        }
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

fn tls(smtp: &Smtp) -> Result<TlsParameters, MailerError> {
    let failed = |error: SmtpError| MailerError::Tls(innermost(&error));
    let mut parameters = TlsParameters::builder(smtp.host.clone());
    if let Some(path) = &smtp.ca_file {
        for root in roots(path).map_err(|reason| MailerError::CaFile { path: path.clone(), reason })? {
            parameters = parameters.add_root_certificate(Certificate::from_der(root.to_vec()).map_err(failed)?);
        }
    }
    parameters.build_rustls().map_err(failed)
}

/// The certificates of a PEM file; at least one.
fn roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let roots = roots.map_err(|error| error.to_string())?;
    if roots.is_empty() || roots.iter().any(|root| certificate::expires_at(root).is_none()) {
        return Err("expected certificates as PEM, found none or something else".to_owned());
    }
    Ok(roots)
}

/// What an error means before the mail was begun.
fn not_begun(error: &SmtpError) -> MailError {
    refused(error).unwrap_or_else(|| MailError::Unreachable(innermost(error)))
}

/// What it means from then on.
fn begun(error: &SmtpError) -> MailError {
    let ours = if error.is_client() { MailError::Unsendable } else { MailError::Broken };
    refused(error).unwrap_or_else(|| ours(innermost(error)))
}

/// What the server said, if that is the error.
fn refused(error: &SmtpError) -> Option<MailError> {
    let (code, words) = (u16::from(error.status()?), innermost(error));
    if error.is_permanent() {
        return Some(MailError::Permanent { code, words });
    }
    Some(MailError::Transient { code, words })
}

fn innermost(error: &SmtpError) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    presentable(&innermost.to_string())
}
