//! Mail, through this installation's server. It says of itself that a machine sent it to many, and how to leave with one
//! click (RFC 2919, 3834, 8058); mails about one incident refer to one id, so that mail programs show them together.

use plimsoll_domain::alert::Verdict;
use plimsoll_domain::secret::Secret;
use plimsoll_domain::subscriber::StopReason;
use plimsoll_runtime::mailer::{Mail, Mailer};
use plimsoll_words::{Words, markdown};

use super::super::letter::{Letter, Says};
use super::Tells;
use crate::wire::exchange::Finding;
use crate::wire::mail::{NO_SERVER, SUBJECT, escaped, hand_over, host_of, in_thread};
use crate::wire::{Wire, limits};

/// Sends to one address.
pub(super) async fn send(wire: &Wire, mailer: Option<&Mailer>, letter: &Letter, address: &Secret) -> (Finding, Tells) {
    let Some(mailer) = mailer else { return (Finding::dead(NO_SERVER), Tells::OfUs) };
    let found = hand_over(mailer, wire.patience, mail(letter, address.expose())).await;
    let tells = match (found.verdict, found.status) {
        (Verdict::Dead, Some(code)) => told_by(code, &found.words),
        _ => Tells::Nothing,
    };
    (found, tells)
}

/// What a refusal for good tells: by its enhanced code where there is one (RFC 3463), by its code otherwise. A server that
/// refuses by its policy refuses us, and perhaps everybody's mail: nobody loses a subscription by that.
fn told_by(code: u16, words: &str) -> Tells {
    let bounced = Tells::Gone(StopReason::Bounced);
    match enhanced(words) {
        // The sender's address is wrong.
        Some((1, 7 | 8)) => Tells::OfUs,
        Some((1, _) | (2, 1)) => bounced,
        Some((2, _)) => Tells::Nothing,
        None if matches!(code, 550 | 551 | 553) => bounced,
        // By 554 alone a server also greets whom it serves nothing at all (RFC 5321, 4.2.3).
        None if matches!(code, 552 | 554) => Tells::Nothing,
        Some(_) | None => Tells::OfUs,
    }
}

/// The subject and the detail of a code such as `5.1.1`, if one stands in `words`.
fn enhanced(words: &str) -> Option<(u16, u16)> {
    words.split_whitespace().find_map(|word| {
        let mut numbers = word.strip_prefix("5.")?.split('.').map(str::parse);
        match (numbers.next()?, numbers.next()?, numbers.next()) {
            (Ok(subject), Ok(detail), None) => Some((subject, detail)),
            _ => None,
        }
    })
}

fn mail(letter: &Letter, to: &str) -> Mail {
    let (words, host) = (letter.words(), host_of(&letter.page.url));
    let header = |name: &str, value: String| (name.to_owned(), value);
    let mut headers = vec![
        header("List-Id", format!("<{}.{host}>", letter.page.tenant)),
        header("List-Unsubscribe", format!("<{}>", letter.unsubscribe_url())),
        header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        header("Precedence", "bulk".to_owned()),
        header("Content-Language", words.locale().tag().to_owned()),
    ];
    headers.extend(in_thread(&format!("<{}@{host}>", letter.thread())));
    Mail {
        to: vec![to.to_owned()],
        subject: limits::cut(&letter.subject(&words), SUBJECT),
        text: text(letter, &words),
        html: Some(html(letter, &words)),
        message_id: format!("<{}@{host}>", letter.notice.id),
        written_at: letter.notice.created_at,
        headers,
    }
}

fn text(letter: &Letter, words: &Words) -> String {
    let mut paragraphs = vec![limits::clean(&letter.page.title)];
    if matches!(letter.says, Says::Confirm) {
        let [asked, otherwise] = letter.asks(words);
        let link = format!("{}:\n{}", words.say("mail-confirm"), letter.confirm_url());
        paragraphs.extend([asked, link, otherwise]);
        return paragraphs.join("\n\n") + "\n";
    }
    let (title, standing) = letter.heading(words);
    paragraphs.push([Some(title), standing, letter.when(words)].into_iter().flatten().collect::<Vec<_>>().join("\n"));
    paragraphs.extend(letter.body().map(markdown::text));
    let affected = letter.affected(words);
    if !affected.is_empty() {
        paragraphs.push(format!("{}:\n- {}", words.say("mail-affected"), affected.join("\n- ")));
    }
    paragraphs.push(format!("{}:\n{}", words.say("mail-open-page"), letter.read_on_url()));
    let leave = format!("{}: {}", words.say("mail-unsubscribe"), letter.unsubscribe_url());
    // What stands below such a line is a signature.
    paragraphs.push(format!("-- \n{}\n{leave}", letter.reason(words)));
    paragraphs.join("\n\n") + "\n"
}

fn html(letter: &Letter, words: &Words) -> String {
    let (title, standing) = letter.heading(words);
    let rest = match letter.says {
        Says::Confirm => asking(letter, words),
        Says::Incident(_) | Says::Maintenance(..) => telling(letter, words, standing),
    };
    format!(
        "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{subject}</title></head>\n\
         <body style=\"font-family:sans-serif;line-height:1.5;max-width:40em\">\n{page}\
         <h1 style=\"font-size:1.4em\">{title}</h1>\n{rest}</body></html>\n",
        lang = words.locale().tag(),
        subject = escaped(&letter.subject(words)),
        page = paragraph(&escaped(&limits::clean(&letter.page.title))),
        title = escaped(&title),
    )
}

fn asking(letter: &Letter, words: &Words) -> String {
    let [asked, otherwise] = letter.asks(words);
    let button = link(words, &letter.confirm_url(), "mail-confirm");
    [paragraph(&escaped(&asked)), paragraph(&button), paragraph(&escaped(&otherwise))].concat()
}

fn telling(letter: &Letter, words: &Words, standing: Option<String>) -> String {
    let standing = standing.map(|standing| format!("<strong>{}</strong>", escaped(&standing)));
    let facts: Vec<_> = standing.into_iter().chain(letter.when(words).map(|when| escaped(&when))).collect();
    let mut parts = vec![paragraph(&facts.join("<br>"))];
    parts.extend(letter.body().map(|text| markdown::html(text) + "\n"));
    let affected: Vec<_> = letter.affected(words).iter().map(|one| escaped(one)).collect();
    if !affected.is_empty() {
        parts.push(paragraph(&escaped(&words.say("mail-affected"))));
        parts.push(format!("<ul><li>{}</li></ul>\n", affected.join("</li><li>")));
    }
    parts.push(paragraph(&link(words, &letter.read_on_url(), "mail-open-page")));
    let leave = link(words, &letter.unsubscribe_url(), "mail-unsubscribe");
    let reason = escaped(&letter.reason(words));
    parts.push(format!("<hr>\n{}", paragraph(&format!("<small>{reason} {leave}</small>"))));
    parts.concat()
}

fn paragraph(html: &str) -> String {
    format!("<p>{html}</p>\n")
}

fn link(words: &Words, address: &str, key: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escaped(address), escaped(&words.say(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_ends_by_what_is_said_of_the_address_and_not_by_what_is_said_of_us() {
        let bounced = Tells::Gone(StopReason::Bounced);
        for (code, words, want) in [
            (550, "the mail server refused: 550 5.1.1 nobody here", bounced),
            (550, "the mail server refused: 550 no such user", bounced),
            (553, "553 5.1.3 bad address syntax", bounced),
            (554, "554 5.2.1 mailbox disabled", bounced),
            (554, "554 no service here", Tells::Nothing),
            (551, "551 user not local", bounced),
            (552, "552 5.2.2 mailbox full", Tells::Nothing),
            (552, "552 mailbox full", Tells::Nothing),
            (550, "550 5.7.1 relaying denied", Tells::OfUs),
            (554, "554 5.7.1 looks like spam", Tells::OfUs),
            (553, "553 5.1.8 sender's domain does not exist", Tells::OfUs),
            (535, "535 5.7.8 wrong credentials", Tells::OfUs),
            (530, "530 log in first", Tells::OfUs),
            (503, "503 bad sequence of commands", Tells::OfUs),
        ] {
            assert_eq!(told_by(code, words), want, "{words}");
        }
    }
}
