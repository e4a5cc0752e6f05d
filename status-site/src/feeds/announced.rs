//! Announced maintenance as something that happens: which steps of it the clock has reached, and what each time it takes
//! place is called.

use plimsoll_domain::maintenance::{Maintenance, MaintenanceStatus};
use plimsoll_domain::page::{PageConfig, UPCOMING};
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_words::{Words, markdown};

use crate::scene::Scene;

/// A step of announced work that has been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Where it stood from then on.
    pub(crate) status: MaintenanceStatus,
    /// When.
    pub(crate) at: Timestamp,
}

/// What has happened of an occurrence by `now`, newest first; that it was announced comes last.
pub(crate) fn steps(held: &Maintenance, now: Timestamp) -> Vec<Step> {
    let mut steps = vec![Step { status: MaintenanceStatus::Scheduled, at: announced_at(held, now) }];
    let mut reach = |status: MaintenanceStatus, at: Timestamp| {
        if at <= now {
            steps.push(Step { status, at });
        }
    };
    reach(MaintenanceStatus::InProgress, held.starts_at);
    if held.verifying > Span::default() {
        reach(MaintenanceStatus::Verifying, held.ends_at);
    }
    reach(MaintenanceStatus::Completed, held.completed_at());
    steps.reverse();
    steps
}

/// When it was announced. Of what was announced before that was kept, it is known to have been by this morning.
pub(crate) fn announced_at(held: &Maintenance, now: Timestamp) -> Timestamp {
    held.announced_at.unwrap_or_else(|| held.starts_at.min(now.day().start()))
}

/// When it came into sight: what recurs was announced once, long ago, and each of its times is shown [`UPCOMING`] ahead.
pub(crate) fn in_sight_since(held: &Maintenance, now: Timestamp) -> Timestamp {
    let (announced, near) = (announced_at(held, now), held.starts_at.minus(UPCOMING));
    if near <= now { announced.max(near) } else { announced }
}

/// Names one time it takes place: what recurs with its start, since each of its times is another. What takes place once keeps
/// its name when it is moved.
pub(crate) fn occurrence_id(held: &Maintenance) -> String {
    if held.is_occurrence {
        return format!("{}-{}", held.id, held.starts_at.format("%Y%m%dt%H%M%Sz"));
    }
    held.id.to_string()
}

/// The same without components that the page does not show; `None` when nothing else is worked on.
pub(crate) fn shown(held: &Maintenance, page: &PageConfig) -> Option<Maintenance> {
    let mut shown = held.clone();
    shown.components.retain(|component| !page.arrangement.hidden.contains(component));
    (!shown.components.is_empty()).then_some(shown)
}

/// What is said of a step, as Markdown: when it was announced, what was written, if anything was; of what the clock made of
/// it, a sentence.
pub(crate) fn said(held: &Maintenance, step: Step, words: &Words) -> Option<String> {
    match step.status {
        MaintenanceStatus::Scheduled => held.body.clone(),
        status => Some(words.say(&format!("told-{}", status.as_str().replace('_', "-")))),
    }
}

/// From when until when: `21 Nov 2026, 11:00 UTC – 21 Nov 2026, 13:00 UTC`.
pub(crate) fn span(held: &Maintenance, words: &Words) -> String {
    let (from, until) = (words.moment(held.starts_at).text, words.moment_near(held.ends_at, held.starts_at).text);
    words.say_with("told-span", &[("from", (&from).into()), ("until", (&until).into())])
}

/// What it is about in plain text: what was written, and for how long it is looked over.
pub(crate) fn about(held: &Maintenance, scene: &Scene<'_>) -> String {
    let mut about = held.body.as_deref().map(markdown::text).unwrap_or_default();
    let mut paragraph = |text: String| {
        if !about.is_empty() {
            about.push_str("\n\n");
        }
        about.push_str(&text);
    };
    let names = super::names(scene.snapshot, &held.components).join(", ");
    paragraph(scene.words.say_with("told-affects", &[("names", (&names).into())]));
    if held.verifying > Span::default() {
        let length = scene.words.duration(held.verifying.seconds() / 60);
        paragraph(scene.words.say_with("told-looked-over", &[("length", (&length).into())]));
    }
    about
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn patches() -> Maintenance {
        let (tenant, id) = ("acme".parse().expect("slug"), "patches".parse().expect("slug"));
        let span = at("2026-11-21T02:00:00Z")..at("2026-11-21T03:00:00Z");
        let once = Maintenance::once(tenant, id, "Patches", vec!["api".parse().expect("slug")], span);
        Maintenance { verifying: Span::minutes(30), announced_at: Some(at("2026-11-19T12:00:00Z")), ..once }
    }

    #[test]
    fn steps_are_those_the_clock_has_reached_newest_first() {
        use MaintenanceStatus::{Completed, InProgress, Scheduled, Verifying};
        let told = |time: &str| steps(&patches(), at(time)).into_iter().map(|step| step.status).collect::<Vec<_>>();
        assert_eq!(told("2026-11-21T01:59:59Z"), [Scheduled]);
        assert_eq!(told("2026-11-21T02:00:00Z"), [InProgress, Scheduled]);
        assert_eq!(told("2026-11-21T03:30:00Z"), [Completed, Verifying, InProgress, Scheduled]);
        let plain = Maintenance { verifying: Span::default(), ..patches() };
        assert_eq!(steps(&plain, at("2026-11-21T03:00:00Z")).len(), 3);
    }

    #[test]
    fn what_was_announced_long_ago_comes_into_sight_two_weeks_ahead_and_never_in_the_future() {
        let now = at("2026-11-20T12:00:00Z");
        assert_eq!(in_sight_since(&patches(), now), at("2026-11-19T12:00:00Z"));
        let old = Maintenance { announced_at: Some(at("2025-01-01T00:00:00Z")), ..patches() };
        assert_eq!(in_sight_since(&old, now), at("2026-11-07T02:00:00Z"));
        let far = Maintenance { starts_at: at("2027-02-01T00:00:00Z"), ..patches() };
        assert_eq!(in_sight_since(&far, now), at("2026-11-19T12:00:00Z"));
        let unknown = Maintenance { announced_at: None, ..patches() };
        assert_eq!(announced_at(&unknown, now), at("2026-11-20T00:00:00Z"));
    }

    #[test]
    fn hidden_components_are_left_out_and_so_is_what_touches_no_other() {
        let mut page = PageConfig::of("acme".parse().expect("slug"));
        let both =
            Maintenance { components: vec!["api".parse().expect("slug"), "web".parse().expect("slug")], ..patches() };
        page.arrangement.hidden.insert("api".parse().expect("slug"));
        assert_eq!(shown(&both, &page).map(|held| held.components), Some(vec!["web".parse().expect("slug")]));
        assert_eq!(shown(&patches(), &page), None);
    }
}
