//! Keys that take several values: an array in the file, one text with commas in a variable.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A TOML array, or a comma-separated text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum List {
    Items(Vec<String>),
    Text(String),
}

/// The same, of secrets.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum SecretList {
    Items(Vec<SecretString>),
    Text(SecretString),
}

impl SecretList {
    /// What is listed, without white space around it and without what is empty.
    pub(super) fn items(this: Option<Self>) -> Vec<SecretString> {
        let items = match this {
            Some(Self::Items(items)) => items,
            Some(Self::Text(text)) => text.expose_secret().split(',').map(SecretString::from).collect(),
            None => Vec::new(),
        };
        let trimmed = items.iter().map(|item| item.expose_secret().trim());
        trimmed.filter(|item| !item.is_empty()).map(SecretString::from).collect()
    }
}

impl List {
    /// What is listed, without white space around it and without what is empty.
    pub(super) fn items(this: Option<Self>) -> Vec<String> {
        let items = match this {
            Some(Self::Items(items)) => items,
            Some(Self::Text(text)) => text.split(',').map(str::to_owned).collect(),
            None => Vec::new(),
        };
        items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }
}
