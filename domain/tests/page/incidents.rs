//! What a person may do to an incident.

use plimsoll_domain::incident::IncidentStatus::{self, Investigating, Monitoring, Postmortem, Resolved};
use plimsoll_domain::incident::{Beginning, Impact, Incident, IncidentTemplate, IncidentTemplates};

use crate::pantry::{at, incident, tenant, update};

fn refused(updates: &[(IncidentStatus, i64)]) -> Vec<String> {
    let updates = updates.iter().map(|(status, minutes)| update(*status, *minutes, &[])).collect();
    let begins = Beginning { title: "Past".to_owned(), impact: Impact::Minor, draft: false, updates };
    let made = Incident::manual(tenant(), "inc-1".parse().expect("a slug"), begins, at(100));
    made.err().map(|invalid| invalid.0.into_iter().map(|fault| fault.pointer).collect()).unwrap_or_default()
}

#[test]
fn what_is_backfilled_is_over_in_order_and_past() {
    assert!(refused(&[(Investigating, 0), (Monitoring, 5), (Resolved, 9), (Postmortem, 90)]).is_empty());
    assert_eq!(refused(&[(Investigating, 0), (Monitoring, 5)]), ["/updates"], "it is not over");
    assert_eq!(refused(&[(Investigating, 5), (Resolved, 5)]), ["/updates"], "it is not in order");
    assert_eq!(refused(&[(Resolved, 5), (Investigating, 6), (Resolved, 7)]), ["/updates"], "it ends twice");
    assert_eq!(refused(&[(Investigating, 0), (Resolved, 101)]), ["/updates/1/at"], "it lies ahead");
    assert_eq!(refused(&[]), ["/updates"]);
}

#[test]
fn nobody_is_told_of_what_is_backfilled() {
    let past = incident("past", false, vec![update(Investigating, 0, &[]), update(Resolved, 9, &[])]);
    assert!(past.backfilled);
    assert_eq!((past.dispatched, past.announced), (2, 2));
    let now = incident("now", false, vec![update(Investigating, 0, &[])]);
    assert_eq!((now.backfilled, now.announced), (false, 0));
}

#[test]
fn of_a_draft_that_is_published_only_the_newest_word_is_told() {
    let draft = incident("draft", true, vec![update(Investigating, 0, &[])]);
    let draft = draft.edited(update(Investigating, 5, &[])).expect("valid");
    let shown = draft.relabelled(None, None, Some(at(9))).expect("valid");
    assert_eq!((shown.draft, shown.announced, shown.updates.len()), (false, 1, 2));
    let again = shown.relabelled(None, None, Some(at(20))).expect("valid");
    assert_eq!(again.announced, 1, "what is shown already is not announced anew");
    assert_eq!(shown.told_at(shown.latest()), at(9), "whoever came before it was shown hears of it");
    assert_eq!(again.published_at, Some(at(9)));
}

#[test]
fn a_correction_changes_the_text_and_nothing_else() {
    let held = incident("typo", false, vec![update(Investigating, 0, &["api"])]);
    let mended = held.corrected(0, "We look into it.").expect("valid");
    assert_eq!(mended.updates[0].body, "We look into it.");
    assert_eq!((mended.version, mended.updates.len(), mended.announced), (2, 1, 0));
    assert!(held.corrected(1, "x").is_err() && held.corrected(0, " ").is_err());
}

#[test]
fn a_template_is_found_by_its_id_and_refused_where_it_is_wrong() {
    let template = |id: &str, status| IncidentTemplate {
        id: id.parse().expect("a slug"),
        title: "Slow".to_owned(),
        body: "We look into it.".to_owned(),
        status,
        impact: Impact::Minor,
        components: std::collections::BTreeMap::new(),
    };
    let of = |templates| IncidentTemplates { tenant: tenant(), version: 1, templates };
    let good = of(vec![template("slow", Investigating), template("gone", Monitoring)]);
    assert_eq!(good.validate(), Ok(()));
    assert!(good.find("gone").is_some() && good.find("other").is_none());
    let wrong = of(vec![template("slow", Investigating), template("slow", Resolved)]);
    let pointers: Vec<_> =
        wrong.validate().expect_err("twice, and over").0.into_iter().map(|one| one.pointer).collect();
    assert_eq!(pointers, ["/templates/1/id", "/templates/1/status"]);
}

#[test]
fn no_two_updates_have_the_same_instant() {
    let held = incident("busy", false, vec![update(Investigating, 0, &[])]);
    let next = held
        .edited(update(Investigating, 0, &[]))
        .expect("valid")
        .edited(update(Investigating, 0, &[]))
        .expect("valid");
    assert!(next.updates.windows(2).all(|pair| pair[0].at < pair[1].at));
}
