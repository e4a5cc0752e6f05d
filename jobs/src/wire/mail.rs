//! Handing a mail to this installation's server, and what a mail's parts have in common.

use tokio::time::timeout;

use plimsoll_domain::alert::Verdict;
use plimsoll_runtime::mailer::{Mail, MailError, Mailer};

use super::Patience;
use super::exchange::Finding;

/// Mail programs show less; the whole of it stands in the text.
pub(crate) const SUBJECT: usize = 200;
pub(crate) const NO_SERVER: &str = "this installation has no mail server: set PLIMSOLL_SMTP_URL";

/// Hands over one mail.
pub(crate) async fn hand_over(mailer: &Mailer, patience: Patience, mail: Mail) -> Finding {
    match timeout(patience.attempt, mailer.send(mail)).await {
        Ok(Ok(words)) => Finding { verdict: Verdict::Delivered, status: status_of(&words), words },
        Ok(Err(error)) => failed(&error),
        Err(_) => {
            let words = format!("the mail server gave no answer within {} ms", patience.attempt.as_millis());
            Finding::retry(true, words)
        }
    }
}

/// The code that an answer begins with.
fn status_of(words: &str) -> Option<u16> {
    words.split(' ').next()?.parse().ok()
}

fn failed(error: &MailError) -> Finding {
    let words = error.to_string();
    match error {
        MailError::Permanent { code, .. } => Finding { status: Some(*code), ..Finding::dead(words) },
        MailError::Transient { code, .. } => Finding { status: Some(*code), ..Finding::retry(false, words) },
        MailError::Unsendable(_) => Finding::dead(words),
        MailError::Unreachable(_) | MailError::Broken(_) | MailError::Timeout(_) => {
            Finding::retry(error.may_have_arrived(), words)
        }
    }
}

/// What stands behind the `@` of ids that are made under this address.
pub(crate) fn host_of(address: &str) -> String {
    let host = url::Url::parse(address).ok();
    let host = host.as_ref().and_then(|url| url.host_str()).unwrap_or("plimsoll.invalid");
    // The address of an IPv6 host is no name.
    host.trim_matches(['[', ']']).replace(':', "-")
}

/// The headers by which mail programs show all mails about `thread` together. That no mail has that id disturbs none of
/// them.
pub(crate) fn in_thread(thread: &str) -> [(String, String); 2] {
    ["In-Reply-To", "References"].map(|name| (name.to_owned(), thread.to_owned()))
}

/// `text` for HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
