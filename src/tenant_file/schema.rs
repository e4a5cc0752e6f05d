//! The JSON schema of tenants' files, made of the API's own OpenAPI document: the bodies of sections are described once.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::section::{Section, Shape};

const OF_API: &str = "#/components/schemas/";
const OF_FILE: &str = "#/$defs/";
const SECRET: &str = "Secret";
/// Where secrets may stand, by the names of bodies and their fields; `*`: any.
const SECRETS: [(&str, &[&str]); 5] = [
    ("HttpBody", &["headers", "*"]),
    ("PrometheusBody", &["bearer"]),
    ("BasicBody", &["password"]),
    ("AccessRequest", &["password"]),
    ("ReceiverBody", &["routing_key", "api_key", "url", "secret", "previous_secret"]),
];

/// The schema, as text that ends with a line.
pub(crate) fn schema() -> String {
    let api: Value = serde_json::from_str(&plimsoll_api::openapi_json()).expect("the API describes itself in JSON");
    let mut properties = Map::new();
    let mut defs = BTreeMap::new();
    properties.insert("$schema".to_owned(), json!({"type": "string", "description": "For editors."}));
    properties.insert("tenant".to_owned(), tenant());
    for section in Section::ALL {
        let name = body(section);
        collect(&api, name, &mut defs);
        properties.insert(section.key().to_owned(), described(section, name));
    }
    for (name, fields) in SECRETS {
        let definition = defs.get_mut(name).expect("the API has this body");
        allow_references(definition, fields);
    }
    defs.insert(SECRET.to_owned(), secret());
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A tenant of Plimsoll",
        "description": "What `plimsoll apply -f` takes. A section that is left out is left alone.",
        "type": "object",
        "required": ["tenant"],
        "additionalProperties": false,
        "properties": properties,
        "$defs": defs,
    });
    let text = serde_json::to_string_pretty(&schema).expect("texts and numbers can always be written");
    text.replace(OF_API, OF_FILE) + "\n"
}

/// The name of the body that a section is made of.
const fn body(section: Section) -> &'static str {
    match section {
        Section::Components => "ComponentRequest",
        Section::Apps => "AppRequest",
        Section::Tunnel => "TunnelRequest",
        Section::Slos => "SloConfigRequest",
        Section::Alerts => "AlertConfigRequest",
        Section::Page => "PageRequest",
        Section::IncidentTemplates => "IncidentTemplatesRequest",
        Section::Maintenances => "NewMaintenance",
        Section::Hosts => "NewHost",
        Section::Keys => "NewKey",
    }
}

fn described(section: Section, name: &str) -> Value {
    let body = json!({"$ref": format!("{OF_FILE}{name}")});
    match section.shape() {
        Shape::Document => body,
        Shape::Collection { named_by, .. } => {
            json!({"type": "array", "items": {"allOf": [body, {"required": [named_by]}]}})
        }
    }
}

fn tenant() -> Value {
    json!({
        "type": "object",
        "required": ["id", "name"],
        "additionalProperties": false,
        "properties": {
            "id": {"type": "string", "description": "A slug of a-z, 0-9 and -, which also names its page."},
            "name": {"type": "string", "description": "As the public reads it."},
        },
    })
}

fn secret() -> Value {
    let reference = |field: &str, description: &str| {
        let properties = json!({field: {"type": "string", "description": description}});
        json!({"type": "object", "required": [field], "additionalProperties": false, "properties": properties})
    };
    json!({
        "description": "Where a secret is kept.",
        "oneOf": [
            reference("from_env", "The name of the variable that holds it."),
            reference("from_file", "The path of the file that holds it, from the folder of this one."),
        ],
    })
}

/// Takes the definition of `name`, and all that it refers to, from the API's document.
fn collect(api: &Value, name: &str, defs: &mut BTreeMap<String, Value>) {
    if defs.contains_key(name) {
        return;
    }
    let definition = &api["components"]["schemas"][name];
    assert!(definition.is_object(), "the API has the body {name}");
    defs.insert(name.to_owned(), definition.clone());
    for referred in referred(definition) {
        collect(api, &referred, defs);
    }
}

fn referred(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(OF_API));
            own.map(str::to_owned).into_iter().chain(fields.values().flat_map(referred)).collect()
        }
        Value::Array(items) => items.iter().flat_map(referred).collect(),
        _ => Vec::new(),
    }
}

fn allow_references(definition: &mut Value, fields: &[&str]) {
    let or_secret = |held: &mut Value| {
        let held_before = held.take();
        *held = json!({"anyOf": [held_before, {"$ref": format!("{OF_FILE}{SECRET}")}]});
    };
    match fields {
        [field, "*"] => or_secret(&mut definition["properties"][*field]["additionalProperties"]),
        fields => fields.iter().for_each(|field| or_secret(&mut definition["properties"][*field])),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::yaml;
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn faults(document: &Value) -> Vec<String> {
        let schema: Value = serde_json::from_str(&schema()).expect("JSON");
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    #[test]
    fn the_schema_in_the_folder_of_documents_is_this_one() {
        let path = root().join("docs/tenant.schema.json");
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let advice = "write it anew: cargo run -- apply --schema > docs/tenant.schema.json";
        assert!(kept == schema(), "docs/tenant.schema.json is not what the code says; {advice}");
    }

    #[test]
    fn the_examples_are_as_the_schema_says() {
        let mut seen = 0;
        for entry in fs::read_dir(root().join("examples")).expect("a folder") {
            let path = entry.expect("an entry").path().join("tenant.yaml");
            let Ok(text) = fs::read_to_string(&path) else { continue };
            for document in yaml::parse(&text).expect("YAML") {
                assert_eq!(faults(&document.value), [""; 0], "{}", path.display());
                seen += 1;
            }
        }
        assert_eq!(seen, 4);
    }

    #[test]
    fn references_may_stand_where_secrets_do_and_nowhere_else() {
        let secret = json!({"from_env": "A"});
        let mut document = json!({
            "tenant": {"id": "a", "name": "A"},
            "components": [{"id": "a", "name": "A",
                "probe": {"kind": "http", "url": "https://a", "headers": {"Authorization": secret}}}],
            "slos": {"objectives": [{"slo_type": "a", "kind": "prometheus", "objective": 0.9, "window": "30d",
                "prometheus": {"url": "https://a", "ratio": "x", "bearer": secret}}]},
            "alerts": {"receivers": [{"name": "a", "kind": "slack", "url": {"from_file": "a.txt"}}]},
            "page": {"access": {"private": true, "password": secret}},
        });
        assert_eq!(faults(&document), [""; 0]);
        document["alerts"]["receivers"][0]["url"] = json!({"from_env": "A", "from_file": "b"});
        assert_eq!(faults(&document).len(), 1);
        let mut document = json!({"tenant": {"id": "a", "name": {"from_env": "A"}}});
        assert_eq!(faults(&document).len(), 1);
        document["tenant"]["name"] = "A".into();
        document["slo"] = json!({});
        assert_eq!(faults(&document).len(), 1, "an unknown section");
    }

    #[test]
    fn a_section_settles_the_fields_of_its_body() {
        let schema: Value = serde_json::from_str(&schema()).expect("JSON");
        for section in Section::ALL {
            let mut fields: Vec<&str> = section.fields().to_vec();
            fields.sort_unstable();
            let properties = schema["$defs"][body(section)]["properties"].as_object().expect("fields");
            assert_eq!(fields, properties.keys().map(String::as_str).collect::<Vec<_>>(), "{section:?}");
        }
    }
}
