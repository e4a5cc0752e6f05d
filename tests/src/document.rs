//! The program's own `OpenAPI` document, and whether an answer keeps its word.

use std::collections::HashMap;
use std::sync::Mutex;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::Answer;

/// One operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// With its parameters in braces, e.g. `/tenants/{tenant_id}`.
    pub path: String,
    /// Whether it asks for a key.
    pub needs_key: bool,
}

/// The `OpenAPI` document of a running server.
#[derive(Debug)]
pub struct Document {
    document: Value,
    validators: Mutex<HashMap<String, Validator>>,
}

impl Document {
    /// Takes the document as it was served.
    pub fn new(document: Value) -> Self {
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "it is OpenAPI 3.1");
        Self { document, validators: Mutex::default() }
    }

    /// Everything that can be asked.
    pub fn operations(&self) -> Vec<Operation> {
        let paths = self.document["paths"].as_object().expect("a document has paths");
        let mut operations = Vec::new();
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().expect("a path has methods") {
                operations.push(Operation {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    needs_key: operation["security"].as_array().is_some_and(|keys| !keys.is_empty()),
                });
            }
        }
        operations
    }

    /// Panics unless the answer to `method` on `path` (without its query) is one that the document describes.
    #[track_caller]
    pub fn check(&self, method: &str, path: &str, answer: &Answer) {
        let asked = &answer.asked;
        let template = self.template(path).unwrap_or_else(|| panic!("{asked}: the document has no such path"));
        let operation = &self.document["paths"][template][method.to_lowercase()];
        assert!(operation.is_object(), "{asked}: the document has no such method");
        let responses = &operation["responses"];
        let described =
            [answer.status.to_string(), "default".to_owned()].into_iter().find(|key| !responses[key].is_null());
        let status = described.unwrap_or_else(|| panic!("{asked}: the document does not speak of {}", answer.status));
        let Some(content) = responses[&status]["content"].as_object() else {
            assert!(answer.text.is_empty(), "{asked}: the document promises no body, got {}", answer.text);
            return;
        };
        let kind = answer.header("content-type").split(';').next().unwrap_or_default().trim();
        let body = content.get(kind).unwrap_or_else(|| panic!("{asked}: the document does not speak of {kind:?}"));
        if kind.ends_with("json") {
            self.check_body(&format!("{method} {template} {status}"), &body["schema"], answer);
        }
    }

    #[track_caller]
    fn check_body(&self, name: &str, schema: &Value, answer: &Answer) {
        let body = answer.json();
        let mut validators = self.validators.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let validator = validators.entry(name.to_owned()).or_insert_with(|| {
            let components = &self.document["components"];
            let whole = json!({ "allOf": [schema], "components": components });
            jsonschema::draft202012::new(&whole).unwrap_or_else(|error| panic!("the schema of {name}: {error}"))
        });
        let faults: Vec<_> = validator
            .iter_errors(&body)
            .map(|error| format!("{error} at {:?}", error.instance_path().as_str()))
            .collect();
        assert!(faults.is_empty(), "{}: the answer is not as documented: {faults:?}: {body}", answer.asked);
    }

    /// The path of the document that `path` is an example of: the one with the fewest parameters.
    fn template(&self, path: &str) -> Option<&str> {
        let fits = |template: &&str| {
            let (mut given, mut wanted) = (path.split('/'), template.split('/'));
            loop {
                match (given.next(), wanted.next()) {
                    (None, None) => return true,
                    (Some(one), Some(other)) if one == other || (other.starts_with('{') && !one.is_empty()) => {}
                    _ => return false,
                }
            }
        };
        let paths = self.document["paths"].as_object().expect("a document has paths");
        let templates = paths.keys().map(String::as_str);
        templates.filter(fits).min_by_key(|template| template.matches('{').count())
    }
}
