//! What has to be done for a server to have what a file says: a pure function of the file, of what stands on the server, and
//! of what the file comes to, as the API itself shows it.
//!
//! Both sides are compared as the API shows them, so that nothing here knows a default. Secrets are compared by their masks,
//! which show the last four characters of long ones: who changed one and wants to be sure has it sent anew.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::difference::{Difference, between};
use super::document::TenantFile;
use super::fault::Fault;
use super::section::{ChangedBy, Section, Shape};
use super::state::State;
use crate::client::Change;

/// What may be done besides making the server have what the file says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// Whether what is on the server and not in a list of the file is removed.
    pub(super) prune: bool,
    /// Whether that may be more than half of a list.
    pub(super) prune_all: bool,
    /// Whether whatever holds a secret is sent, though it shows no difference.
    pub(super) send_secrets: bool,
}

/// Everything that is to be done for one file, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// What stands on the server, is not in the file, and is left alone.
    pub(super) left: Vec<String>,
    /// What of that which is removed seems to be meant to go on under another id, in words.
    pub(super) renamed: Vec<String>,
    /// Whether something was taken to be the same because its mask is.
    pub(super) trusts_masks: bool,
}

/// One thing to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// To what, such as `component api`.
    pub(super) what: String,
    /// What.
    pub(super) action: Action,
    /// By which request.
    pub(super) request: Change,
    /// What has to stand on the server for that, where the request cannot say so by itself.
    pub(super) before: Option<(Section, Value)>,
}

/// What is done to something.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// It is made.
    Create,
    /// These of its fields are changed; none: its secrets are sent anew.
    Change(Vec<Difference>),
    /// It is removed.
    Remove,
}

/// So many things of a list go without more ado, though they be more than half of it.
const FEW: usize = 2;

/// What `file` asks for, where `current` stands on the server and `wanted` is what the file comes to.
pub(super) fn plan(file: &TenantFile, current: &State, wanted: &State, options: Options) -> Result<Plan, Vec<Fault>> {
    let mut planning = Planning { file, current, wanted, options, plan: Plan::default(), faults: Vec::new() };
    planning.tenant();
    for section in file.sections.keys() {
        match section.shape() {
            Shape::Document => planning.document(*section),
            Shape::Collection { changed_by, .. } => planning.collection(*section, changed_by),
        }
    }
    // What refers to something goes before it.
    for section in file.sections.keys().rev() {
        planning.rest(*section);
    }
    if planning.faults.is_empty() { Ok(planning.plan) } else { Err(planning.faults) }
}

struct Planning<'a> {
    file: &'a TenantFile,
    current: &'a State,
    wanted: &'a State,
    options: Options,
    plan: Plan,
    faults: Vec<Fault>,
}

impl Planning<'_> {
    fn tenant(&mut self) {
        let TenantFile { tenant, name, .. } = self.file;
        match &self.current.name {
            None => {
                let request = post("/tenants".to_owned(), &json!({"id": tenant, "name": name}));
                self.step(format!("tenant {tenant}"), Action::Create, request);
            }
            Some(held) if held == name => {}
            Some(held) => {
                let detail = format!("expected {held:?}, as it stands on the server: a tenant is not renamed");
                self.faults.push(self.file.fault("/tenant/name", &detail));
            }
        }
    }

    fn document(&mut self, section: Section) {
        let (Some(wanted), _) = self.wanted.document(section) else { return };
        let mut body = self.file.sections[&section].clone();
        let (current, etag) = self.current.document(section);
        let mut wanted = wanted.clone();
        let mut current = current.cloned().unwrap_or_default();
        if section == Section::Page {
            self.settle_access(&mut body, &mut wanted, &mut current);
        }
        let differences = between(&current, &wanted);
        if differences.is_empty() && !self.sends_anew(&wanted) {
            return;
        }
        let request = Change {
            method: Method::PUT,
            path: section.path(&self.file.tenant),
            body: Some(body),
            if_match: etag.map(str::to_owned),
            idempotency_key: None,
        };
        self.step(section.word().to_owned(), Action::Change(differences), request);
    }

    /// Who may see a page stays as it is where the file does not say it, and so does the password, which nobody is shown.
    fn settle_access(&self, body: &mut Value, wanted: &mut Value, current: &mut Value) {
        let Some(access) = body.get_mut("access").and_then(Value::as_object_mut) else {
            for view in [wanted, current] {
                view.as_object_mut().map(|fields| fields.remove("access"));
            }
            return;
        };
        let has_password = &current["access"]["has_password"];
        if !access.contains_key("password") {
            wanted["access"]["has_password"] = if has_password.is_null() { false.into() } else { has_password.clone() };
        }
        // A password that is set again lets nobody in who was let in by the one before, though it be the same.
        if *has_password == true && !self.options.send_secrets && access.get("password").is_some_and(Value::is_string) {
            access.remove("password");
        }
    }

    fn collection(&mut self, section: Section, changed_by: ChangedBy) {
        let tenant = &self.file.tenant;
        let path = section.path(tenant);
        for (name, body) in self.file.items(section) {
            let Some(wanted) = self.wanted.thing(section, name) else { continue };
            let what = format!("{} {name}", section.word());
            let Some(current) = self.current.thing(section, name) else {
                // A name of a key is no header, and the API makes another key each time.
                let named = (section != Section::Keys).then(|| format!("apply-{tenant}-{}-{name}", section.key()));
                let request = Change { idempotency_key: named, ..post(path.clone(), body) };
                self.step(what, Action::Create, request);
                continue;
            };
            let differences = between(current, wanted);
            if differences.is_empty() && !self.sends_anew(wanted) {
                continue;
            }
            let (method, body) = match changed_by {
                ChangedBy::Put => (Method::PUT, body.clone()),
                ChangedBy::Patch => (Method::PATCH, all_fields(section, wanted)),
                ChangedBy::Nothing => {
                    self.refuse(section, name, &differences);
                    continue;
                }
            };
            let path = format!("{path}/{name}");
            let request = Change { method, path, body: Some(body), ..Change::default() };
            let before = Some((section, current.clone()));
            self.plan.steps.push(Step { what, action: Action::Change(differences), request, before });
        }
    }

    fn refuse(&mut self, section: Section, name: &str, differences: &[Difference]) {
        let index = self.file.items(section).iter().position(|(other, _)| *other == name).unwrap_or_default();
        let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
        let word = section.word();
        let detail = format!("a {word} is not changed ({}): give the new one another name", told.join(", "));
        self.faults.push(self.file.fault(&format!("/{}/{index}", section.key()), &detail));
    }

    /// What is on the server and not in the file.
    fn rest(&mut self, section: Section) {
        let named: BTreeSet<&str> = self.file.items(section).into_iter().map(|(name, _)| name).collect();
        let current = self.current;
        let lasting = || current.things(section).filter(|(_, thing)| !thing.is_over);
        let going: Vec<_> = lasting().filter(|(name, _)| !named.contains(name)).collect();
        // Whoever removes keys by what a file does not say locks somebody out sooner or later.
        let stays = !self.options.prune || section == Section::Keys;
        let all = lasting().count();
        if !stays && !self.options.prune_all && going.len() > FEW && going.len() * 2 > all {
            self.refuse_to_empty(section, (going.len(), all));
            return;
        }
        for (name, thing) in going {
            let what = format!("{} {name}", section.word());
            if stays {
                self.plan.left.push(what);
                continue;
            }
            self.note_renamed(section, (name, &thing.settled));
            let path = format!("{}/{name}", section.path(&self.file.tenant));
            self.step(what, Action::Remove, Change { method: Method::DELETE, path, ..Change::default() });
        }
    }

    /// A file that was cut short, or is another tenant's, would empty the page.
    fn refuse_to_empty(&mut self, section: Section, (going, all): (usize, usize)) {
        let detail = format!(
            "expected at least half of what is on the server: {going} of {all} would be removed, and their history with \
             them (--prune-all does it)"
        );
        self.faults.push(self.file.fault(&format!("/{}", section.key()), &detail));
    }

    /// What goes by one id and comes by another is called the same.
    fn note_renamed(&mut self, section: Section, (gone, settled): (&str, &Value)) {
        let Some(called) = settled["name"].as_str() else { return };
        let items = self.file.items(section);
        let comes = |id: &str| self.current.thing(section, id).is_none();
        if let Some((id, _)) = items.iter().find(|(id, body)| comes(id) && body["name"] == called) {
            let word = section.word();
            self.plan.renamed.push(format!("{word} {gone} is renamed to {id}: its history goes with it"));
        }
    }

    fn step(&mut self, what: String, action: Action, request: Change) {
        self.plan.steps.push(Step { what, action, request, before: None });
    }

    /// Whether what shows no difference is sent all the same.
    fn sends_anew(&mut self, wanted: &Value) -> bool {
        let holds_secret = wanted.to_string().contains("••••") || wanted["access"]["has_password"] == true;
        self.plan.trusts_masks |= holds_secret && !self.options.send_secrets;
        holds_secret && self.options.send_secrets
    }
}

fn post(path: String, body: &Value) -> Change {
    Change { method: Method::POST, path, body: Some(body.clone()), ..Change::default() }
}

/// `wanted` with a null for each field that it does not have, so that it is emptied; without its id.
fn all_fields(section: Section, wanted: &Value) -> Value {
    let fields = section.fields().iter().filter(|field| **field != "id");
    fields.map(|field| ((*field).to_owned(), wanted[*field].clone())).collect()
}

#[cfg(test)]
mod tests;
