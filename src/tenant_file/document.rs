//! A tenant's file, read: which tenant it is of, and what it says of each section. The bodies of sections are the API's own,
//! and are looked over by the API's own code; here is only what is the file's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use plimsoll_domain::ids::TenantId;

use super::fault::Fault;
use super::secrets::{self, Sources};
use super::section::{Section, Shape};
use super::yaml::{Lines, Located, escaped};

/// What one document asks for.
#[derive(Clone)]
pub(super) struct TenantFile {
    /// What its file is called in messages.
    pub(super) file: String,
    /// Which tenant.
    pub(super) tenant: TenantId,
    /// As the public reads it.
    pub(super) name: String,
    /// What it says of sections; those it leaves out are left alone. Secrets stand in them.
    pub(super) sections: BTreeMap<Section, Value>,
    /// The same as they are written, with references.
    written: Value,
    lines: Lines,
    secrets: Vec<String>,
}

impl TenantFile {
    /// Reads `located`, a document of `file`.
    pub(super) fn read(located: Located, file: &str, sources: &Sources<'_>) -> Result<Self, Vec<Fault>> {
        let Located { value: written, lines } = located;
        let mut resolved = written.clone();
        let mut faults = Vec::new();
        let found = secrets::resolve(&mut resolved, sources).unwrap_or_else(|told| {
            faults.extend(told);
            Vec::new()
        });
        let tenant = read_tenant(&resolved, &mut faults);
        let sections = read_sections(&mut resolved, &mut faults);
        if let (Some((tenant, name)), true) = (tenant, faults.is_empty()) {
            return Ok(Self { file: file.to_owned(), tenant, name, sections, written, lines, secrets: found });
        }
        let placed = |fault: Fault| place(fault, file, &lines);
        Err(faults.into_iter().map(placed).collect())
    }

    /// The things of a collection with their names, in the order of the file.
    pub(super) fn items(&self, section: Section) -> Vec<(&str, &Value)> {
        let Shape::Collection { named_by, .. } = section.shape() else { return Vec::new() };
        let items = self.sections.get(&section).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| Some((item[named_by].as_str()?, item))).collect()
    }

    /// A section or a part of it as it stands in the file, with references.
    pub(super) fn written(&self, pointer: &str) -> &Value {
        self.written.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// A fault at `pointer`, with its file and line, and without secrets.
    pub(super) fn fault(&self, pointer: &str, detail: &str) -> Fault {
        place(Fault::at(pointer, self.hidden(detail)), &self.file, &self.lines)
    }

    /// `message` without the file's secrets.
    pub(super) fn hidden(&self, message: &str) -> String {
        secrets::hidden(message, &self.secrets)
    }
}

fn place(fault: Fault, file: &str, lines: &Lines) -> Fault {
    Fault { line: lines.of(&fault.pointer), file: file.to_owned(), ..fault }
}

fn read_tenant(document: &Value, faults: &mut Vec<Fault>) -> Option<(TenantId, String)> {
    let Some(fields) = document["tenant"].as_object() else {
        faults.push(Fault::at("/tenant", "expected the tenant: {id: a-slug, name: As the public reads it}"));
        return None;
    };
    for name in fields.keys().filter(|name| !["id", "name"].contains(&name.as_str())) {
        faults
            .push(Fault::at(format!("/tenant/{}", escaped(name)), "expected no such field: a tenant has id and name"));
    }
    let mut text = |name: &str| {
        let text = fields.get(name).and_then(Value::as_str);
        if text.is_none() {
            faults.push(Fault::at(format!("/tenant/{name}"), "expected a text: this field is required"));
        }
        text
    };
    let (id, name) = (text("id"), text("name"));
    match id?.parse() {
        Ok(id) => Some((id, name?.trim().to_owned())),
        Err(detail) => {
            faults.push(Fault::at("/tenant/id", detail));
            None
        }
    }
}

fn read_sections(document: &mut Value, faults: &mut Vec<Fault>) -> BTreeMap<Section, Value> {
    let mut sections = BTreeMap::new();
    let Some(fields) = document.as_object_mut() else { return sections };
    for (key, value) in std::mem::take(fields) {
        let section = Section::ALL.into_iter().find(|section| section.key() == key);
        match section {
            Some(section) => {
                check_shape(section, &value, faults);
                sections.insert(section, value);
            }
            // Editors look for it in JSON.
            None if key == "tenant" || key == "$schema" => {}
            None => {
                let known = Section::ALL.map(Section::key).join(", ");
                let detail = format!("expected no such section: there are tenant, {known}");
                faults.push(Fault::at(format!("/{}", escaped(&key)), detail));
            }
        }
    }
    sections
}

fn check_shape(section: Section, value: &Value, faults: &mut Vec<Fault>) {
    let at = format!("/{}", section.key());
    let (named_by, items) = match (section.shape(), value) {
        (Shape::Document, Value::Object(_)) => return,
        (Shape::Document, _) => {
            return faults.push(Fault::at(at, "expected fields; leave the section out to leave it alone"));
        }
        (Shape::Collection { named_by, .. }, Value::Array(items)) => (named_by, items),
        (Shape::Collection { .. }, _) => {
            return faults.push(Fault::at(at, "expected a list; leave the section out to leave it alone"));
        }
    };
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let name =
            item.as_object().and_then(|fields: &Map<String, Value>| fields.get(named_by)).and_then(Value::as_str);
        let fault = match name {
            None => format!("expected a text: a {} of a file is told from others by its {named_by}", section.word()),
            Some(name) if seen.insert(name) => continue,
            Some(name) => format!("expected each {named_by} once, got {name:?} twice"),
        };
        faults.push(Fault::at(format!("{at}/{index}/{named_by}"), fault));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::yaml;
    use super::*;

    fn read(text: &str) -> Result<TenantFile, Vec<String>> {
        let sources = Sources { environment: &HashMap::new(), folder: "/nowhere".into() };
        let documents = yaml::parse(text).map_err(|fault| vec![fault.to_string()])?;
        let located = documents.into_iter().next().ok_or_else(|| vec!["nothing".to_owned()])?;
        TenantFile::read(located, "a.yaml", &sources).map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    fn told(text: &str) -> Vec<String> {
        read(text).map(|_| ()).expect_err("refused")
    }

    #[test]
    fn sections_are_read_and_those_left_out_are_not_there() {
        let file = read("tenant: {id: acme, name: Acme}\ncomponents:\n- {id: a}\n- {id: b}\npage: {}\n");
        let file = file.unwrap_or_else(|told| panic!("{told:?}"));
        assert_eq!((file.tenant.as_str(), file.name.as_str()), ("acme", "Acme"));
        let names: Vec<_> = file.items(Section::Components).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(file.sections.keys().copied().collect::<Vec<_>>(), [Section::Components, Section::Page]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_with_line_and_place() {
        let text = "tenant:\n  id: A B\n  colour: red\ncomponents:\n- id: a\n- {id: a}\n- {name: x}\nslo: {}\npage:\n\
                    alerts: []\nkeys: {}\n";
        let told = told(text);
        for expected in [
            "a.yaml:3: /tenant/colour: expected no such field",
            "a.yaml:1: /tenant/name: expected a text",
            "a.yaml:6: /components/1/id: expected each id once, got \"a\" twice",
            "a.yaml:7: /components/2/id: expected a text",
            "a.yaml:8: /slo: expected no such section",
            "a.yaml:9: /page: expected fields",
            "a.yaml:10: /alerts: expected fields",
            "a.yaml:11: /keys: expected a list",
        ] {
            assert!(told.iter().any(|told| told.starts_with(expected)), "{expected}: {told:#?}");
        }
        assert!(told.iter().any(|told| told.starts_with("a.yaml:2: /tenant/id: ")), "{told:#?}");
    }

    #[test]
    fn what_is_no_tenant_is_refused() {
        for text in ["[]", "3", "tenant: acme", "{}", "tenant: {}"] {
            assert!(told(text).iter().any(|told| told.contains("/tenant")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_document_makes_it_panic(text in "(tenant: \\{id: a, name: b\\}\n)?((components|slos|alerts|page|keys|hosts): ?(\\[\\]|\\{\\}|- a|[-{}\\[\\]:a, ]{0,20})\n){0,4}") {
            let _read = read(&text);
        }
    }
}
