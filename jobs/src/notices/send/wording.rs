//! What every kind of channel says in the same words: in the subscriber's language, else in the page's, else in English.

use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::ComponentStatus;
use plimsoll_domain::maintenance::{Maintenance, MaintenanceEvent};
use plimsoll_domain::subscriber::PENDING_FOR;
use plimsoll_words::{Locale, Words};

use super::super::letter::{Letter, Says};
use crate::wire::limits;

impl Letter {
    pub(super) fn words(&self) -> Words {
        let mut wanted = [&self.subscriber.locale, &self.page.config.locale].into_iter().flatten();
        let locale = wanted.find_map(|tag| Locale::find(tag)).unwrap_or_else(Locale::english);
        Words::new(locale, self.page.config.time_zone)
    }

    /// Where the subscription is confirmed.
    pub(super) fn confirm_url(&self) -> String {
        self.own_url("subscribe/confirm")
    }

    /// Where it is ended: by a request, or by a person.
    pub(super) fn unsubscribe_url(&self) -> String {
        self.own_url("unsubscribe")
    }

    fn own_url(&self, path: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("id", self.subscriber.id.as_str()).append_pair("token", self.subscriber.token.expose());
        format!("{}/{path}?{}", self.page.url, query.finish())
    }

    /// Where people read on.
    pub(super) fn read_on_url(&self) -> String {
        match &self.says {
            Says::Confirm => self.confirm_url(),
            Says::Incident(incident) => format!("{}/incidents/{}", self.page.url, incident.id),
            Says::Maintenance(..) => self.page.url.clone(),
        }
    }

    /// All letters of one subject belong together.
    pub(super) fn thread(&self) -> String {
        match &self.says {
            Says::Confirm => self.subscriber.id.to_string(),
            Says::Incident(incident) => incident.id.to_string(),
            Says::Maintenance(_, time) => format!("{}-{}", time.id, time.starts_at.seconds()),
        }
    }

    /// What it is about, on one line.
    pub(super) fn subject(&self, words: &Words) -> String {
        let page = one_line(&self.page.title);
        match &self.says {
            Says::Confirm => words.say_with("mail-confirm-subject", &[("page", (&page).into())]),
            Says::Incident(incident) => {
                let (status, title) = (words.incident_status(incident.status()), one_line(&incident.title));
                let args = [("page", (&page).into()), ("status", (&status).into()), ("title", (&title).into())];
                words.say_with("mail-incident-subject", &args)
            }
            Says::Maintenance(event, time) => {
                let title = one_line(&time.title);
                let args = [("page", (&page).into()), ("title", (&title).into())];
                words.say_with(&format!("mail-{}-subject", event.as_str()), &args)
            }
        }
    }

    /// What is going on, and how it stands.
    pub(super) fn heading(&self, words: &Words) -> (String, Option<String>) {
        match &self.says {
            Says::Confirm => (self.subject(words), None),
            Says::Incident(incident) => {
                let (status, impact) = (words.incident_status(incident.status()), words.impact(incident.impact));
                let args = [("status", (&status).into()), ("impact", (&impact).into())];
                (one_line(&incident.title), Some(words.say_with("mail-incident-standing", &args)))
            }
            Says::Maintenance(event, time) => (one_line(&time.title), Some(words.say(event_key(*event)))),
        }
    }

    /// When it happened, or will.
    pub(super) fn when(&self, words: &Words) -> Option<String> {
        match &self.says {
            Says::Confirm => None,
            Says::Incident(incident) => Some(words.moment(incident.latest().at).text),
            Says::Maintenance(_, time) => {
                let (start, end) = (words.moment(time.starts_at).text, words.moment(time.ends_at).text);
                Some(words.say_with("mail-span", &[("start", (&start).into()), ("end", (&end).into())]))
            }
        }
    }

    /// What somebody wrote, in Markdown.
    pub(super) fn body(&self) -> Option<&str> {
        match &self.says {
            Says::Confirm => None,
            Says::Incident(incident) => Some(&incident.latest().body),
            Says::Maintenance(_, time) => time.body.as_deref(),
        }
    }

    /// Each component that the page shows and that is affected, and how it is where that was said.
    pub(super) fn affected(&self, words: &Words) -> Vec<String> {
        let name = |component: &ComponentId| self.page.name_of(component).map(one_line);
        match &self.says {
            Says::Confirm => Vec::new(),
            Says::Incident(incident) => {
                let told = incident.latest().components.iter();
                let line = |(component, status): (&ComponentId, &ComponentStatus)| {
                    Some(format!("{}: {}", name(component)?, words.component_status(*status)))
                };
                told.filter_map(line).collect()
            }
            Says::Maintenance(_, Maintenance { components, .. }) => components.iter().filter_map(name).collect(),
        }
    }

    /// What is asked of whoever is to confirm, and what if it was not they who asked.
    pub(super) fn asks(&self, words: &Words) -> [String; 2] {
        let (page, length) = (one_line(&self.page.title), words.duration(PENDING_FOR.seconds() / 60));
        let asked = words.say_with("mail-confirm-asked", &[("page", (&page).into())]);
        [asked.replace('\n', " "), words.say_with("mail-confirm-otherwise", &[("length", (&length).into())])]
    }

    /// Why it is sent.
    pub(super) fn reason(&self, words: &Words) -> String {
        words.say_with("mail-reason", &[("page", (&one_line(&self.page.title)).into())])
    }
}

const fn event_key(event: MaintenanceEvent) -> &'static str {
    match event {
        MaintenanceEvent::Scheduled => "mail-scheduled",
        MaintenanceEvent::Reminder => "mail-reminder",
        MaintenanceEvent::Started => "mail-started",
        MaintenanceEvent::Completed => "mail-completed",
    }
}

fn one_line(text: &str) -> String {
    limits::clean(text).replace('\n', " ")
}
