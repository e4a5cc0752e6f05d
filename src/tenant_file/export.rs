//! `plimsoll export` without a folder: a tenant as a file that `plimsoll apply` takes, on this server or another.
//!
//! What is secret is written as a reference, never as its mask. A file that somebody wrote comments or references of their own
//! into is not overwritten unless that is asked for, since neither can be read back from a server.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use http::StatusCode;
use serde_json::{Map, Value, json};

use plimsoll_domain::ids::TenantId;

use super::secrets;
use super::section::{Section, Shape};
use super::state::State;
use super::telling::Voice;
use super::yaml;
use crate::client::Client;

/// Writes `tenant` to `file`, or to standard output without one.
pub(crate) async fn export(
    client: &Client,
    tenant: &TenantId,
    (file, force): (Option<&Path>, bool),
    voice: Voice<'_>,
) -> anyhow::Result<()> {
    let state = read(client, tenant, voice).await?;
    let Some(name) = &state.name else { bail!("{} has no tenant {tenant} that this key may see", client.server()) };
    let mut variables = Vec::new();
    let document = document(tenant, name, &state, &mut variables);
    let text = yaml::emit(&document);
    if !variables.is_empty() {
        (voice.warn)(&format!("to apply it, set {}: secrets are not read back", variables.join(", ")));
    }
    let Some(path) = file else {
        return std::io::stdout().lock().write_all(text.as_bytes()).context("cannot write to standard output");
    };
    write(path, &text, force)?;
    (voice.say)(&format!("{tenant} is in {}", path.display()));
    Ok(())
}

async fn read(client: &Client, tenant: &TenantId, voice: Voice<'_>) -> anyhow::Result<State> {
    match State::read(client, tenant, Section::ALL).await {
        // All but keys may be seen with less.
        Err(error) if error.status() == Some(StatusCode::FORBIDDEN) => {
            (voice.warn)("warning: keys are left out, since only a key of role admin sees them");
            let others = Section::ALL.into_iter().filter(|section| *section != Section::Keys);
            Ok(State::read(client, tenant, others).await?)
        }
        done => Ok(done?),
    }
}

/// The file's one document; `variables`: those that it names.
fn document(tenant: &TenantId, name: &str, state: &State, variables: &mut Vec<String>) -> Value {
    let known: BTreeSet<&str> = state.things(Section::Components).map(|(id, _)| id).collect();
    let mut fields = Map::new();
    fields.insert("tenant".to_owned(), json!({"id": tenant, "name": name}));
    for section in Section::ALL {
        let mut body = match section.shape() {
            Shape::Document => state.document(section).0.cloned().unwrap_or_default(),
            Shape::Collection { .. } => {
                let things = state.things(section).filter(|(_, thing)| !thing.is_over);
                things.map(|(_, thing)| thing.settled.clone()).collect()
            }
        };
        let is_empty = body.as_object().is_none_or(Map::is_empty) && body.as_array().is_none_or(Vec::is_empty);
        if is_empty {
            continue;
        }
        let words = [tenant.to_string()];
        if section == Section::Page {
            refer_to_password(&mut body, &words[0], variables);
        }
        secrets::refer(&mut body, &words, variables);
        forget_removed(&mut body, &known);
        fields.insert(section.key().to_owned(), body);
    }
    Value::Object(fields)
}

/// That there is a password is all that is known of it.
fn refer_to_password(page: &mut Value, tenant: &str, variables: &mut Vec<String>) {
    let Some(access) = page.get_mut("access").and_then(Value::as_object_mut) else { return };
    if access.remove("has_password") == Some(Value::Bool(true)) {
        let words = [tenant, "page", "password"].map(str::to_owned);
        access.insert("password".to_owned(), secrets::reference(&words, variables));
    }
}

/// A component that was removed may stay where it stood; elsewhere it is none.
fn forget_removed(body: &mut Value, known: &BTreeSet<&str>) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Array(ids) if ["components", "hidden"].contains(&name.as_str()) => {
                        ids.retain(|id| id.as_str().is_none_or(|id| known.contains(id)));
                    }
                    Value::Object(told) if name == "components" => told.retain(|id, _| known.contains(id.as_str())),
                    value => forget_removed(value, known),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| forget_removed(item, known)),
        _ => {}
    }
}

fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let shown = path.display();
    match fs::read_to_string(path) {
        Ok(held) if held == text => return Ok(()),
        Ok(held) if !force => {
            let lost = lost(&held, text);
            ensure!(lost.is_none(), "{shown} is left alone: {}; --force overwrites it", lost.unwrap_or_default());
        }
        Err(error) if error.kind() != ErrorKind::NotFound && !force => {
            return Err(error).with_context(|| format!("cannot look into {shown}"));
        }
        Ok(_) | Err(_) => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().with_context(|| format!("{shown} is no name of a file"))?.to_string_lossy();
    let beside = folder.join(format!(".{name}.plimsoll-new"));
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.with_context(|| format!("cannot write {shown}"))
}

/// What would be lost if `held` were overwritten by `text`. That something only looks like a comment does no harm.
fn lost(held: &str, text: &str) -> Option<&'static str> {
    let is_comment = |line: &str| line.trim_start().starts_with('#') || line.contains(" #") || line.contains("\t#");
    if held.lines().any(is_comment) {
        return Some("it holds comments, which would be lost");
    }
    let Ok(documents) = yaml::parse(held) else { return Some("it is no YAML that was written here") };
    if documents.len() > 1 {
        return Some("it holds several documents, and would hold one");
    }
    let named = |text: &str| -> BTreeSet<String> {
        let documents = yaml::parse(text).unwrap_or_default();
        documents.iter().flat_map(|document| references(&document.value)).collect()
    };
    let is_kept = named(held).is_subset(&named(text));
    (!is_kept).then_some("it refers to secrets by names of its own, which would be lost")
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = ["from_env", "from_file"].iter().filter_map(|field| Some(fields.get(*field)?.to_string()));
            own.chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "tenant:\n  id: a\nalerts:\n  receivers:\n  - url:\n      from_env: A_HOOK_URL\n";

    #[test]
    fn what_cannot_be_read_back_is_not_overwritten() {
        for (held, why) in [
            ("# mine\ntenant: {id: a}\n", "comments"),
            ("tenant: {id: a} # mine\n", "comments"),
            ("a: {url: {from_env: MINE}}\n", "names of its own"),
            ("a: {url: {from_file: A_HOOK_URL.txt}}\n", "names of its own"),
            ("a: 1\n---\nb: 2\n", "several documents"),
            ("a: [", "no YAML"),
        ] {
            let told = lost(held, TEXT).unwrap_or_default();
            assert!(told.contains(why), "{held}: {told}");
        }
        assert_eq!(lost("tenant: {id: b}\nx: {from_env: A_HOOK_URL}\n", TEXT), None);
    }

    #[test]
    fn a_file_is_overwritten_when_nothing_is_lost_or_when_that_is_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("acme.yaml");
        write(&path, TEXT, false).expect("a new file");
        write(&path, "tenant: {id: b}\n", false).expect_err("its reference would be lost");
        write(&path, "# a\n", true).expect("asked for");
        let refused = write(&path, TEXT, false).expect_err("comments").to_string();
        assert!(refused.contains("comments") && refused.contains("--force"), "{refused}");
        assert_eq!(fs::read_to_string(&path).expect("a file"), "# a\n");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing half written is left");
    }

    #[test]
    fn components_that_are_no_more_are_left_out() {
        let mut body = json!({"components": ["a", "gone"], "hidden": ["gone"],
            "templates": [{"id": "t", "components": {"a": "operational", "gone": "unknown"}}]});
        forget_removed(&mut body, &BTreeSet::from(["a"]));
        let expected = json!({"components": ["a"], "hidden": [],
            "templates": [{"id": "t", "components": {"a": "operational"}}]});
        assert_eq!(body, expected);
    }
}
