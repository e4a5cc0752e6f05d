//! Secrets of a tenant's file: named where they are needed, and kept elsewhere.
//!
//! Where a secret may stand, `{from_env: NAME}` or `{from_file: PATH}` may stand for it. A reference that leads nowhere is a
//! fault before anything is written. What stands on a server is shown as a mask, which is never taken for the secret itself.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::fault::Fault;
use super::yaml::escaped;

/// What the API shows in place of what is secret.
const MASK: &str = "••••";
/// Largest file that holds a secret, in bytes.
const MAX_SECRET: u64 = 64 * 1_024;
/// A shorter one cannot be told from the words around it.
const SHORTEST_HIDDEN: usize = 4;

/// Where references lead.
#[derive(Clone, Debug)]
pub(super) struct Sources<'a> {
    /// The variables of the process.
    pub(super) environment: &'a HashMap<String, String>,
    /// What paths start from: the folder of the tenant's file.
    pub(super) folder: PathBuf,
}

/// Whether a secret may stand at `path`, which starts at the document.
fn is_place(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(
        path[..],
        ["components", _, "probe", "headers", _]
            | ["slos", "objectives", _, "prometheus", "bearer"]
            | ["slos", "objectives", _, "prometheus", "basic", "password"]
            | ["alerts", "receivers", _, "routing_key" | "api_key" | "url" | "secret" | "previous_secret"]
            | ["page", "access", "password"]
    )
}

/// Puts what references of `document` lead to in their place; what was put there.
pub(super) fn resolve(document: &mut Value, sources: &Sources<'_>) -> Result<Vec<String>, Vec<Fault>> {
    let mut walk = Walk { sources, found: Vec::new(), faults: Vec::new() };
    walk.visit(document, &mut Vec::new());
    if walk.faults.is_empty() { Ok(walk.found) } else { Err(walk.faults) }
}

struct Walk<'a> {
    sources: &'a Sources<'a>,
    found: Vec<String>,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    fn visit(&mut self, value: &mut Value, path: &mut Vec<String>) {
        if is_place(path) {
            match self.read(value) {
                Ok(None) => {}
                Ok(Some(text)) => {
                    self.found.push(text.clone());
                    *value = Value::String(text);
                }
                Err(detail) => self.faults.push(Fault::at(pointer(path), detail)),
            }
            return;
        }
        let children: Vec<(String, &mut Value)> = match value {
            Value::Object(fields) => fields.iter_mut().map(|(name, value)| (name.clone(), value)).collect(),
            Value::Array(items) => {
                items.iter_mut().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
            }
            _ => return,
        };
        for (name, child) in children {
            path.push(name);
            self.visit(child, path);
            path.pop();
        }
    }

    /// The secret that `value` stands for; `None`: it is no text, which is for the API to judge.
    fn read(&self, value: &Value) -> Result<Option<String>, String> {
        let fields = match value {
            Value::String(text) if text.contains(MASK) => {
                return Err("expected the secret itself or a reference to it: this is a mask of one".to_owned());
            }
            Value::String(text) => return Ok(Some(text.clone())),
            Value::Object(fields) => fields,
            _ => return Ok(None),
        };
        let single = fields.iter().next().filter(|_| fields.len() == 1);
        match single.map(|(name, value)| (name.as_str(), value.as_str())) {
            Some(("from_env", Some(name))) => self.variable(name).map(Some),
            Some(("from_file", Some(path))) => content(&self.sources.folder.join(path)).map(Some),
            _ => Err("expected a text, {from_env: NAME} or {from_file: PATH}".to_owned()),
        }
    }

    fn variable(&self, name: &str) -> Result<String, String> {
        if is_ours(name) {
            return Err(format!(
                "expected a variable of the tenant's own: {name} is Plimsoll's, and goes to nobody else"
            ));
        }
        let value = self.sources.environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        value.map(str::to_owned).ok_or_else(|| format!("expected the variable {name} to be set"))
    }
}

/// Whether a variable holds what Plimsoll itself must keep: a file from somebody else could have a key of ours sent away.
fn is_ours(name: &str) -> bool {
    name.starts_with("PLIMSOLL_") || name == "OTEL_EXPORTER_OTLP_HEADERS"
}

fn content(path: &Path) -> Result<String, String> {
    let failed = |reason: String| format!("expected a file with the secret at {}: {reason}", path.display());
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut text = String::new();
    file.take(MAX_SECRET + 1).read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > MAX_SECRET {
        return Err(failed(format!("it is larger than {MAX_SECRET} bytes")));
    }
    match text.trim() {
        "" => Err(failed("it is empty".to_owned())),
        text => Ok(text.to_owned()),
    }
}

fn pointer(path: &[String]) -> String {
    path.iter().fold(String::new(), |pointer, part| pointer + "/" + &escaped(part))
}

/// `message` without any of `secrets`: a refusal may quote what it refuses.
pub(super) fn hidden(message: &str, secrets: &[String]) -> String {
    let long = secrets.iter().filter(|secret| secret.len() >= SHORTEST_HIDDEN);
    long.fold(message.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
}

/// Where `written`, a document as it stands in a file, holds in plain words what `shown`, the same section as the API shows
/// it, masks. Pointers start at both.
pub(super) fn literals(written: &Value, shown: &Value, at: &str) -> Vec<String> {
    match (written, shown) {
        (Value::String(_), Value::String(shown)) if shown.contains(MASK) => vec![at.to_owned()],
        (Value::Object(written), Value::Object(shown)) => {
            let both = written.iter().filter_map(|(name, value)| Some((name, value, shown.get(name)?)));
            both.flat_map(|(name, one, other)| literals(one, other, &format!("{at}/{}", escaped(name)))).collect()
        }
        (Value::Array(written), Value::Array(shown)) => {
            let both = written.iter().zip(shown).enumerate();
            both.flat_map(|(index, (one, other))| literals(one, other, &format!("{at}/{index}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// Puts references where `shown`, a section as the API shows it, has masks. They are called after `tenant` and the words on
/// the way to them; `taken` are the names that are given already.
pub(super) fn refer(shown: &mut Value, words: &[String], taken: &mut Vec<String>) {
    match shown {
        Value::String(text) if text.contains(MASK) => *shown = reference(words, taken),
        Value::Object(fields) => {
            let own = ["id", "name", "slo_type"].iter().find_map(|field| fields.get(*field)?.as_str());
            let words: Vec<String> = words.iter().cloned().chain(own.map(str::to_owned)).collect();
            for (name, value) in fields {
                let is_way = ["headers", "probe", "receivers", "objectives"].contains(&name.as_str());
                let step = (!is_way).then(|| name.clone());
                refer(value, &words.iter().cloned().chain(step).collect::<Vec<_>>(), taken);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, words, taken)),
        _ => {}
    }
}

/// `{from_env: …}` with a name made of `words` that is not in `taken` yet.
pub(super) fn reference(words: &[String], taken: &mut Vec<String>) -> Value {
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let mut name: String = words.join("_").chars().map(upper).collect();
    // Of the tenant that is called plimsoll.
    if is_ours(&name) {
        name.insert_str(0, "TENANT_");
    }
    let mut free = name.clone();
    let mut number = 2;
    while taken.contains(&free) {
        free = format!("{name}_{number}");
        number += 1;
    }
    taken.push(free.clone());
    serde_json::json!({ "from_env": free })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file() -> Value {
        json!({
            "components": [{"id": "a", "name": {"from_env": "NAME"}, "probe": {"kind": "http", "url": "https://a",
                "headers": {"Authorization": {"from_env": "TOKEN"}}}}],
            "alerts": {"receivers": [{"name": "pd", "routing_key": {"from_file": "pd.key"}}]},
            "page": {"access": {"private": true, "password": "in plain words"}},
        })
    }

    fn resolved(document: &mut Value, folder: &Path, variables: &[(&str, &str)]) -> Result<Vec<String>, Vec<Fault>> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        resolve(document, &Sources { environment: &variables, folder: folder.to_owned() })
    }

    #[test]
    fn references_lead_to_variables_and_files() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("pd.key"), "0123\n").expect("written");
        let mut document = file();
        let found = resolved(&mut document, folder.path(), &[("TOKEN", "Bearer x")]).expect("resolved");
        assert_eq!(found, ["0123", "Bearer x", "in plain words"]);
        assert_eq!(document["components"][0]["probe"]["headers"]["Authorization"], "Bearer x");
        assert_eq!(document["alerts"]["receivers"][0]["routing_key"], "0123");
        assert_eq!(document["components"][0]["name"], json!({"from_env": "NAME"}), "no secret may stand there");
    }

    #[test]
    fn what_leads_nowhere_is_named_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let faults = resolved(&mut file(), folder.path(), &[("TOKEN", " ")]).expect_err("refused");
        let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.detail.as_str())).collect();
        assert_eq!(told[1], ("/components/0/probe/headers/Authorization", "expected the variable TOKEN to be set"));
        assert_eq!(told[0].0, "/alerts/receivers/0/routing_key");
        assert!(told[0].1.contains("pd.key"), "{}", told[0].1);
        for odd in [json!({"from_env": 1}), json!({"from_env": "A", "from_file": "b"}), json!({}), json!("••••1234")]
        {
            let mut document = json!({"page": {"access": {"password": odd}}});
            assert_eq!(resolved(&mut document, folder.path(), &[]).expect_err("refused").len(), 1, "{document}");
        }
    }

    #[test]
    fn a_file_has_none_of_our_own_variables_sent_to_anybody() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["PLIMSOLL_KEY", "PLIMSOLL_ROOT_KEY", "PLIMSOLL_ANYTHING", "OTEL_EXPORTER_OTLP_HEADERS"] {
            let mut document = json!({"alerts": {"receivers": [{"name": "a", "url": {"from_env": name}}]}});
            let faults = resolved(&mut document, folder.path(), &[(name, "s3cr3t")]).expect_err("refused");
            assert_eq!(faults[0].pointer, "/alerts/receivers/0/url");
            assert!(faults[0].detail.contains(name) && !faults[0].detail.contains("s3cr3t"), "{}", faults[0]);
        }
        let made = reference(&["plimsoll".to_owned(), "pager".to_owned()], &mut Vec::new());
        assert_eq!(made, json!({"from_env": "TENANT_PLIMSOLL_PAGER"}), "what is exported can be applied");
    }

    #[test]
    fn what_is_masked_becomes_a_reference_with_a_name_of_its_own() {
        let mut shown = json!({"receivers": [
            {"name": "pager.duty", "routing_key": "••••cdef"}, {"name": "pager-duty", "routing_key": "••••"},
            {"name": "hook", "url": "https://a.example/••••", "to": ["a@b.example"]}]});
        refer(&mut shown, &["acme".to_owned()], &mut Vec::new());
        let receivers = json!([
            {"name": "pager.duty", "routing_key": {"from_env": "ACME_PAGER_DUTY_ROUTING_KEY"}},
            {"name": "pager-duty", "routing_key": {"from_env": "ACME_PAGER_DUTY_ROUTING_KEY_2"}},
            {"name": "hook", "url": {"from_env": "ACME_HOOK_URL"}, "to": ["a@b.example"]}]);
        assert_eq!(shown["receivers"], receivers);
    }

    #[test]
    fn a_secret_in_plain_words_is_told_from_a_reference() {
        let shown = json!({"receivers": [{"url": "https://a/••••"}, {"url": "••••", "name": "b"}]});
        let written = json!({"receivers": [{"url": "https://a/x"}, {"url": {"from_env": "B"}, "name": "b"}]});
        assert_eq!(literals(&written, &shown, "/alerts"), ["/alerts/receivers/0/url"]);
    }

    #[test]
    fn a_refusal_shows_no_secret() {
        let secrets = ["hunter-22".to_owned(), "x".to_owned()];
        assert_eq!(hidden("expected a URL, got hunter-22", &secrets), "expected a URL, got ••••");
    }
}
