//! The mail server, as far as one comes without sending a mail.

use plimsoll_runtime::config::SmtpSecurity;
use plimsoll_runtime::mailer::{MailError, Mailer};

use super::finding::Finding;
use super::patient::Patient;

const ABOUT: &str = "mail";

pub(super) async fn look(patient: &Patient<'_>) -> Vec<Finding> {
    let Some(smtp) = &patient.config.smtp else {
        return vec![Finding::not_checked(ABOUT, "no mail is sent: PLIMSOLL_SMTP_URL is not given")];
    };
    let server = format!("{}:{}", smtp.host, smtp.port);
    let mailer = match Mailer::new(smtp) {
        Ok(mailer) => mailer,
        Err(error) => return vec![Finding::failed(ABOUT, error, "see PLIMSOLL_SMTP_CA_FILE")],
    };
    match mailer.knock().await {
        Ok(name) => {
            let secured = match smtp.security {
                SmtpSecurity::Plain => "without TLS",
                SmtpSecurity::StartTls => "with TLS (STARTTLS)",
                SmtpSecurity::Tls => "with TLS",
            };
            let login = if smtp.login.is_some() { ", and takes user and password" } else { ", without a login" };
            let seen = format!("{server} greets as {name} {secured}{login}; no mail was sent");
            vec![
                in_the_clear(smtp.security, smtp.login.is_some(), &smtp.host)
                    .unwrap_or_else(|| Finding::ok(ABOUT, seen)),
            ]
        }
        Err(error) => {
            let advice = match error {
                MailError::Permanent { code: 530..=538, .. } => "see user and password in PLIMSOLL_SMTP_URL",
                MailError::Unreachable(_) => "see host, port and encryption in PLIMSOLL_SMTP_URL, and the firewall",
                _ => "ask whoever runs that server",
            };
            vec![Finding::failed(ABOUT, format!("{server}: {error}"), advice)]
        }
    }
}

fn in_the_clear(security: SmtpSecurity, has_login: bool, host: &str) -> Option<Finding> {
    let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if security != SmtpSecurity::Plain || !has_login || is_here {
        return None;
    }
    let seen = format!("{host} takes user and password, which cross the network in the clear");
    Some(Finding::warning(ABOUT, seen, "use smtps:// or ?tls=required in PLIMSOLL_SMTP_URL"))
}
