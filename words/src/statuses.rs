//! States in words. Each has a phrase of its own in each list, even where English says the same twice: other languages
//! may tell how a thing is from how a day was.
//!
//! The keys are made from how a state is written in the API, so that a new state asks for a phrase and nothing else.

use plimsoll_domain::incident::{ComponentStatus, Impact, IncidentStatus};
use plimsoll_domain::slo::SloStatus;

use crate::words::Words;

impl Words {
    /// How a component is now: `Operational`, `Down`.
    pub fn component_status(&self, status: ComponentStatus) -> String {
        self.state("component", status.as_str())
    }

    /// What a day was like: `Operational`, `Major outage`.
    pub fn day_status(&self, status: ComponentStatus) -> String {
        self.state("day", status.as_str())
    }

    /// Where an incident stands: `Investigating`.
    pub fn incident_status(&self, status: IncidentStatus) -> String {
        self.state("incident", status.as_str())
    }

    /// How bad an incident is: `Minor impact`.
    pub fn impact(&self, impact: Impact) -> String {
        self.state("impact", impact.as_str())
    }

    /// Where announced work stands: `scheduled`, `in_progress`, `verifying` or `completed`, as the API writes it.
    pub fn maintenance_status(&self, status: &str) -> String {
        self.state("maintenance", status)
    }

    /// How an SLO stands: `On track`. `None`: not known.
    pub fn slo_status(&self, status: Option<SloStatus>) -> String {
        self.state("slo", status.map_or("unknown", SloStatus::as_str))
    }

    fn state(&self, list: &str, state: &str) -> String {
        self.say(&format!("{list}-{}", state.replace('_', "-")))
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::Locale;

    fn both() -> [Words; 2] {
        ["en", "sv"].map(|tag| Words::new(Locale::find(tag).expect("it is built in"), Tz::UTC))
    }

    #[test]
    fn every_state_of_a_component_has_its_words() {
        let all = [
            ComponentStatus::Operational,
            ComponentStatus::UnderMaintenance,
            ComponentStatus::Unknown,
            ComponentStatus::DegradedPerformance,
            ComponentStatus::PartialOutage,
            ComponentStatus::MajorOutage,
        ];
        let [english, swedish] = both();
        let want = ["Operational", "Under maintenance", "Not known", "Degraded", "Partial outage", "Down"];
        assert_eq!(all.map(|status| english.component_status(status)), want);
        assert_eq!(english.day_status(ComponentStatus::MajorOutage), "Major outage");
        let want = ["Fungerade", "Underhåll", "Okänt", "Nedsatt funktion", "Delvis avbrott", "Omfattande avbrott"];
        assert_eq!(all.map(|status| swedish.day_status(status)), want);
        assert_eq!(swedish.component_status(ComponentStatus::MajorOutage), "Ligger nere");
    }

    #[test]
    fn every_state_of_an_incident_has_its_words() {
        let all = [
            IncidentStatus::Investigating,
            IncidentStatus::Identified,
            IncidentStatus::Monitoring,
            IncidentStatus::Resolved,
            IncidentStatus::Postmortem,
        ];
        let [english, swedish] = both();
        let want = ["Investigating", "Identified", "Monitoring", "Resolved", "Postmortem"];
        assert_eq!(all.map(|status| english.incident_status(status)), want);
        let want = ["Undersöks", "Orsaken är känd", "Övervakas", "Löst", "Efterhandsanalys"];
        assert_eq!(all.map(|status| swedish.incident_status(status)), want);
        let impacts = [Impact::None, Impact::Minor, Impact::Major, Impact::Critical];
        let want = ["För kännedom", "Liten påverkan", "Stor påverkan", "Kritisk påverkan"];
        assert_eq!(impacts.map(|impact| swedish.impact(impact)), want);
        assert_eq!(english.impact(Impact::None), "For information");
    }

    #[test]
    fn every_state_of_announced_work_and_of_an_slo_has_its_words() {
        let [english, swedish] = both();
        let work = ["scheduled", "in_progress", "verifying", "completed"];
        let want = ["Scheduled", "In progress", "Verifying", "Completed"];
        assert_eq!(work.map(|status| english.maintenance_status(status)), want);
        let want = ["Planerat", "Pågår", "Kontrolleras", "Avslutat"];
        assert_eq!(work.map(|status| swedish.maintenance_status(status)), want);
        let slo = [SloStatus::Ok, SloStatus::Warning, SloStatus::Critical, SloStatus::Exhausted].map(Some);
        let want = ["On track", "At risk", "In danger", "Error budget used up"];
        assert_eq!(slo.map(|status| english.slo_status(status)), want);
        assert_eq!([slo[3], None].map(|status| swedish.slo_status(status)), ["Felbudgeten är slut", "Okänt"]);
    }
}
