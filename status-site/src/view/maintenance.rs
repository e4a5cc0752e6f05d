//! Announced maintenance. Each time it takes place is one of the snapshot's; those of one id are one card.

use std::collections::BTreeMap;

use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::maintenance::{Maintenance, MaintenanceStatus};
use plimsoll_words::Moment;

use super::incident::name_of;
use super::text;
use crate::scene::Scene;

/// Level of the headings in what people write.
const HEADINGS: u8 = 4;

/// One announced maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaintenanceCard {
    /// Its title.
    pub(crate) title: String,
    /// Where it stood when the snapshot was made, in words.
    pub(crate) status: String,
    /// Its class: of work that is going on, or of nothing yet.
    pub(crate) tone: &'static str,
    /// When it starts.
    pub(crate) starts: Moment,
    /// When it ends.
    pub(crate) ends: Moment,
    /// How long it is meant to take.
    pub(crate) lasts: String,
    /// Until when it is looked over, while it is.
    pub(crate) verified: Option<Moment>,
    /// What is done, as HTML that is clean.
    pub(crate) body: Option<String>,
    /// The names of what is worked on; the id of what is gone.
    pub(crate) components: Vec<String>,
    /// Whether it is one time of what recurs.
    pub(crate) recurs: bool,
    /// When it takes place again, as far as is told.
    pub(crate) again: Vec<Moment>,
}

impl MaintenanceCard {
    /// All that is announced, soonest first.
    pub(crate) fn all(scene: &Scene<'_>) -> Vec<Self> {
        joined(scene.snapshot.maintenances.iter(), scene)
    }

    /// What is announced of one component, soonest first.
    pub(crate) fn of_component(id: &ComponentId, scene: &Scene<'_>) -> Vec<Self> {
        joined(scene.snapshot.maintenances.iter().filter(|held| held.components.contains(id)), scene)
    }

    /// Each of these times, newest first.
    pub(crate) fn each(times: &[Maintenance], scene: &Scene<'_>) -> Vec<Self> {
        let mut times: Vec<_> = times.iter().collect();
        times.sort_by_key(|held| std::cmp::Reverse(held.starts_at));
        times.into_iter().map(|held| card(held, scene)).collect()
    }
}

/// One card for each id, with its first time; the others are told under it.
fn joined<'a>(times: impl Iterator<Item = &'a Maintenance>, scene: &Scene<'_>) -> Vec<MaintenanceCard> {
    let mut cards: Vec<MaintenanceCard> = Vec::new();
    let mut places = BTreeMap::new();
    for held in times {
        if let Some(place) = places.get(&held.id) {
            let first: &mut MaintenanceCard = &mut cards[*place];
            first.again.push(scene.words.moment(held.starts_at));
        } else {
            places.insert(&held.id, cards.len());
            cards.push(card(held, scene));
        }
    }
    cards
}

fn card(held: &Maintenance, scene: &Scene<'_>) -> MaintenanceCard {
    let words = &scene.words;
    let status = held.status(scene.snapshot.as_of);
    let is_on = matches!(status, MaintenanceStatus::InProgress | MaintenanceStatus::Verifying);
    let verified = (status == MaintenanceStatus::Verifying).then(|| held.completed_at());
    MaintenanceCard {
        title: held.title.clone(),
        status: words.maintenance_status(status.as_str()),
        tone: if is_on { "work" } else { "none" },
        starts: words.moment(held.starts_at),
        ends: words.moment_near(held.ends_at, held.starts_at),
        lasts: words.duration(held.ends_at.millis_since(held.starts_at) / 60_000),
        verified: verified.map(|until| words.moment_near(until, scene.snapshot.as_of)),
        body: held.body.as_deref().map(|body| text::html(body, HEADINGS)),
        components: held.components.iter().map(|id| name_of(id, scene.snapshot)).collect(),
        recurs: held.is_occurrence || held.recurrence.is_some(),
        again: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::view::stage::Stage;

    #[test]
    fn maintenance_is_told_with_its_names_and_its_length() {
        let cards = MaintenanceCard::all(&Stage::english(samples::rich()).scene());
        let told: Vec<_> = cards.iter().map(|card| (card.status.as_str(), card.tone, card.lasts.as_str())).collect();
        let want = [
            ("In progress", "work", "2 hours"),
            ("Verifying", "work", "30 minutes"),
            ("Scheduled", "none", "30 minutes"),
        ];
        assert_eq!(told, want);
        assert_eq!(cards[0].components, ["Uploads"]);
        assert_eq!(cards[1].verified.as_ref().map(|until| until.text.as_str()), Some("12:30 UTC"));
    }

    #[test]
    fn what_recurs_is_one_card_with_its_other_times() {
        let cards = MaintenanceCard::all(&Stage::english(samples::rich()).scene());
        let again: Vec<_> = cards[2].again.iter().map(|moment| moment.text.as_str()).collect();
        assert_eq!(again, ["1 Dec 2026, 22:00 UTC"]);
        assert_eq!(cards.iter().map(|card| card.recurs).collect::<Vec<_>>(), [false, false, true]);
        assert!(cards[0].again.is_empty() && cards[0].body.as_ref().is_some_and(|body| body.contains("<li>")));
    }
}
