//! Mail, through this installation's server. All mails about one alert refer to one id, so that mail programs show them
//! together; that no mail has that id disturbs none of them.

use plimsoll_domain::alert::{DeliveryAction, Verdict};
use plimsoll_runtime::mailer::{Mail, MailError, Mailer};
use tokio::time::timeout;

use super::exchange::Finding;
use super::{Message, Patience, limits};

/// Mail programs show less; the whole summary stands in the text.
const SUBJECT: usize = 200;
const DETAILS: usize = 20_000;

/// Sends to addresses, all of which see each other.
pub(super) async fn send(mailer: Option<&Mailer>, patience: Patience, message: &Message<'_>, to: &[String]) -> Finding {
    let Some(mailer) = mailer else {
        return Finding::dead("this installation has no mail server: set PLIMSOLL_SMTP_URL");
    };
    match timeout(patience.attempt, mailer.send(mail(message, to))).await {
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

fn mail(message: &Message<'_>, to: &[String]) -> Mail {
    let host = url::Url::parse(message.public_url).ok();
    let host = host.as_ref().and_then(|url| url.host_str()).unwrap_or("plimsoll.invalid");
    // The address of an IPv6 host is no name.
    let host = host.trim_matches(['[', ']']).replace(':', "-");
    let thread = format!("<{}@{host}>", message.alert.id);
    let headers = ["In-Reply-To", "References"].map(|name| (name.to_owned(), thread.clone()));
    Mail {
        to: to.to_vec(),
        subject: subject(message),
        text: message.as_text(DETAILS),
        html: Some(html(message)),
        message_id: format!("<{}@{host}>", message.delivery_id()),
        written_at: message.delivery.created_at,
        headers: headers.to_vec(),
    }
}

fn subject(message: &Message<'_>) -> String {
    let state = match message.delivery.action {
        DeliveryAction::Trigger => message.severity().as_str().to_uppercase(),
        DeliveryAction::Acknowledge | DeliveryAction::Resolve => message.status().to_uppercase(),
    };
    let test = if message.is_test() { "[TEST] " } else { "" };
    let summary = limits::clean(&message.alert.content.summary).replace('\n', " ");
    limits::cut(&format!("{test}[{state}] {summary}"), SUBJECT)
}

fn html(message: &Message<'_>) -> String {
    let row = |(name, value): (&str, String)| {
        ["<tr><th align=\"left\">", name, "</th><td>", &escaped(&value), "</td></tr>\n"].concat()
    };
    let facts: String = message.facts().into_iter().map(row).collect();
    let labels: String = message.label_lines().map(|line| ["<li>", &escaped(&line), "</li>\n"].concat()).collect();
    let link = |address: &str, name: &str| format!("<p><a href=\"{}\">{name}</a></p>\n", escaped(address));
    let runbook = message.runbook().map(|url| link(url.as_str(), "Runbook")).unwrap_or_default();
    let details =
        message.detail_lines(DETAILS).map(|details| format!("<pre>{}</pre>\n", escaped(&details))).unwrap_or_default();
    let heading = message.heading();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{heading}</title></head><body>\n\
         <h1>{heading}</h1>\n<p>{summary}</p>\n<table>\n{facts}</table>\n<ul>\n{labels}</ul>\n{runbook}{page}{details}\
         </body></html>\n",
        summary = escaped(&limits::clean(&message.alert.content.summary)).replace('\n', "<br>"),
        page = link(&message.status_page(), "Status page"),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
