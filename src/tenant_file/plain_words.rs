//! Secrets that stand in a file in plain words. Which texts are secret is told by the API, which masks them.

use serde_json::Value;

use super::document::TenantFile;
use super::fault::Fault;
use super::secrets::literals;
use super::section::{Section, Shape};
use super::state::State;

const PASSWORD: &str = "/page/access/password";

/// Where `file`, which comes to `wanted`, holds secrets that a reference could stand for.
pub(super) fn find(file: &TenantFile, wanted: &State) -> Vec<Fault> {
    let mut pointers = Vec::new();
    for section in file.sections.keys() {
        let at = format!("/{}", section.key());
        match section.shape() {
            Shape::Document => pointers.extend(within(file, &at, wanted.document(*section).0)),
            Shape::Collection { .. } => {
                for (index, (name, _)) in file.items(*section).into_iter().enumerate() {
                    pointers.extend(within(file, &format!("{at}/{index}"), wanted.thing(*section, name)));
                }
            }
        }
        // Of a password not even a mask is shown.
        if *section == Section::Page && file.written(PASSWORD).is_string() {
            pointers.push(PASSWORD.to_owned());
        }
    }
    let detail = "a secret stands here in plain words: {from_env: NAME} keeps it out of the file";
    pointers.iter().map(|pointer| file.fault(pointer, detail)).collect()
}

fn within(file: &TenantFile, at: &str, shown: Option<&Value>) -> Vec<String> {
    shown.map(|shown| literals(file.written(at), shown, at)).unwrap_or_default()
}
