//! Mail, through this installation's server. All mails about one alert refer to one id, so that mail programs show them
//! together.

use plimsoll_domain::alert::DeliveryAction;
use plimsoll_runtime::mailer::{Mail, Mailer};

use super::Message;
use crate::wire::exchange::Finding;
use crate::wire::mail::{NO_SERVER, SUBJECT, escaped, hand_over, host_of, in_thread};
use crate::wire::{Patience, limits};

const DETAILS: usize = 20_000;

/// Sends to addresses, all of which see each other.
pub(super) async fn send(mailer: Option<&Mailer>, patience: Patience, message: &Message<'_>, to: &[String]) -> Finding {
    match mailer {
        Some(mailer) => hand_over(mailer, patience, mail(message, to)).await,
        None => Finding::dead(NO_SERVER),
    }
}

fn mail(message: &Message<'_>, to: &[String]) -> Mail {
    let host = host_of(message.public_url);
    let headers = in_thread(&format!("<{}@{host}>", message.alert.id));
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
