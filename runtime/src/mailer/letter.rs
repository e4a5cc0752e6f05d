//! A mail as it is sent: headers that cannot be two, and the same said as text and as HTML.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use super::{Mail, MailError};
use crate::masking::presentable;

pub(super) fn compose(from: &Mailbox, mail: Mail) -> Result<Message, MailError> {
    let unsendable = |what: &str, text: &str| MailError::Unsendable(presentable(&format!("{what}: {text}")));
    let millis = u64::try_from(mail.written_at.millis()).unwrap_or_default();
    let mut building = Message::builder()
        .from(from.clone())
        .date(UNIX_EPOCH + Duration::from_millis(millis))
        .subject(mail.subject.replace(char::is_control, " "))
        .message_id(Some(one_line("Message-ID", mail.message_id)?))
        .raw_header(raw_header("Auto-Submitted", "auto-generated".to_owned())?);
    for to in &mail.to {
        building = building.to(to.parse().map_err(|_| unsendable("expected an address", to))?);
    }
    for (name, value) in mail.headers {
        building = building.raw_header(raw_header(&name, value)?);
    }
    let built = match mail.html {
        Some(html) => building.multipart(MultiPart::alternative_plain_html(mail.text, html)),
        None => building.singlepart(SinglePart::plain(mail.text)),
    };
    built.map_err(|error| MailError::Unsendable(presentable(&error.to_string())))
}

fn raw_header(name: &str, value: String) -> Result<HeaderValue, MailError> {
    let header = HeaderName::new_from_ascii(name.to_owned())
        .map_err(|_| MailError::Unsendable(presentable(&format!("expected the name of a header: {name}"))))?;
    Ok(HeaderValue::new(header, one_line(name, value)?))
}

/// What has a line end in it would be two headers.
fn one_line(name: &str, value: String) -> Result<String, MailError> {
    if value.contains(char::is_control) {
        return Err(MailError::Unsendable(format!("{name} holds a control character")));
    }
    Ok(value)
}
