//! What was given: the file's keys, and over them the variables'. Nothing but names and types is known here.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use config::{Source as _, Value, ValueKind};

use super::keys::{self, COMMAND_LINE};
use super::raw::Raw;
use super::{Config, ConfigError, Key};

/// Variables with this prefix are for the tests.
const TEST_PREFIX: &str = "PLIMSOLL_TEST_";
/// How alike two names must be for one to be taken for a slip of the pen in the other.
const ALIKE: f64 = 0.9;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody gave one.
    Default,
    /// The TOML file.
    File,
    /// A variable.
    Variable,
}

/// Values under the names of keys in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    values: BTreeMap<String, (Source, Value)>,
    file: Option<PathBuf>,
}

impl Config {
    /// Reads the file, if there is one, and then the variables of `environment`.
    pub fn read(file: Option<&Path>, environment: &HashMap<String, String>) -> Result<Self, ConfigError> {
        let mut given = Given::default();
        if let Some(file) = file {
            given.add_file(file)?;
        }
        given.add_variables(environment);
        match given.unknown().pop() {
            Some(unknown) => Err(unknown),
            None => given.check(),
        }
    }
}

impl Given {
    pub(super) fn add_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let values = ::config::File::from(file).format(::config::FileFormat::Toml).collect()?;
        self.values.extend(values.into_iter().map(|(name, value)| (name, (Source::File, value))));
        self.file = Some(file.to_owned());
        Ok(())
    }

    /// Those with our prefix, and those of the others that we heed. An empty one is none.
    pub(super) fn add_variables(&mut self, environment: &HashMap<String, String>) {
        for (variable, text) in environment.iter().filter(|(_, text)| !text.is_empty()) {
            let name = match keys::all().find(|key| key.variable == variable) {
                Some(key) => key.name(),
                None if is_ours(variable) => variable.clone(),
                None => continue,
            };
            self.values.insert(name, (Source::Variable, Value::new(None, ValueKind::String(text.clone()))));
        }
    }

    /// What is no key. It is taken out.
    pub(super) fn unknown(&mut self) -> Vec<ConfigError> {
        let known: Vec<String> = keys::all().map(Key::name).collect();
        let unknown: Vec<String> = self.values.keys().filter(|name| !known.contains(name)).cloned().collect();
        unknown.iter().map(|name| self.refuse(name)).collect()
    }

    fn refuse(&mut self, name: &str) -> ConfigError {
        let from_file = self.values.remove(name).is_some_and(|(source, _)| source == Source::File);
        let file = self.file.as_ref().filter(|_| from_file);
        let wanted = |key: &Key| if from_file { key.name() } else { key.variable.to_owned() };
        let alike = keys::all().map(|key| (strsim::jaro_winkler(&wanted(key), name), key));
        let likest = alike.filter(|(alike, _)| *alike >= ALIKE).max_by(|one, other| one.0.total_cmp(&other.0));
        ConfigError::Unknown {
            name: name.to_owned(),
            place: file.map(|file| format!(" in {}", file.display())).unwrap_or_default(),
            hint: likest.map(|(_, key)| format!(": did you mean {}?", wanted(key))).unwrap_or_default(),
        }
    }

    /// Where the value of `key` comes from, and the value as text.
    pub(super) fn value(&self, key: &Key) -> (Source, Option<String>) {
        match self.values.get(&key.name()) {
            Some((source, value)) => (*source, Some(text(value))),
            None => (Source::Default, None),
        }
    }

    /// Takes out what stands under `key`.
    pub(super) fn remove(&mut self, key: &Key) -> bool {
        self.values.remove(&key.name()).is_some()
    }

    pub(super) fn check(&self) -> Result<Config, ConfigError> {
        let table = self.values.iter().map(|(name, (_, value))| (name.clone(), value.clone())).collect();
        Value::new(None, ValueKind::Table(table)).try_deserialize::<Raw>()?.check()
    }
}

fn is_ours(variable: &str) -> bool {
    let of_the_command_line = COMMAND_LINE.iter().any(|(name, _)| *name == variable);
    variable.starts_with("PLIMSOLL_") && !of_the_command_line && !variable.starts_with(TEST_PREFIX)
}

/// As it would stand in a variable.
fn text(value: &Value) -> String {
    match &value.kind {
        ValueKind::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write;

    use super::super::Fallback;
    use super::*;

    #[test]
    fn every_key_is_read_and_everything_read_is_a_key() {
        // Whoever is refused an unknown field is told all the known ones.
        let refused = serde_json::from_str::<Raw>(r#"{"?": 0}"#).expect_err("no such field").to_string();
        let read: BTreeSet<String> = refused.split('`').skip(3).step_by(2).map(str::to_owned).collect();
        assert_eq!(read, keys::all().map(Key::name).collect::<BTreeSet<_>>());
    }

    #[test]
    fn every_key_is_named_by_a_field_of_the_tree() {
        let tree =
            [include_str!("tree.rs"), include_str!("smtp.rs"), include_str!("telemetry.rs"), include_str!("tunnel.rs")];
        for key in keys::all() {
            let named = format!("`{}`", key.variable);
            let comments =
                tree.iter().flat_map(|file| file.lines()).filter(|line| line.trim_start().starts_with("///"));
            assert!(comments.into_iter().any(|line| line.contains(&named)), "no field says that it is {named}");
        }
    }

    #[test]
    fn to_give_the_default_is_the_same_as_to_give_nothing() {
        let values = keys::all().filter_map(|key| match key.default {
            Fallback::Value(value) => Some((key.variable.to_owned(), value.to_owned())),
            Fallback::Words(_) => None,
        });
        let given = Config::read(None, &values.collect()).expect("valid");
        let nothing = Config::read(None, &HashMap::new()).expect("valid");
        assert_eq!(format!("{given:?}"), format!("{nothing:?}"));
    }

    #[test]
    fn a_slip_of_the_pen_is_told_from_what_was_meant() {
        let read = |name: &str| Config::read(None, &HashMap::from([(name.to_owned(), "x".to_owned())]));
        let slip = read("PLIMSOLL_HTPP_ADDR").expect_err("refused").to_string();
        assert_eq!(slip, "PLIMSOLL_HTPP_ADDR is no key: did you mean PLIMSOLL_HTTP_ADDR?");
        let strange = read("PLIMSOLL_ZZZ").expect_err("refused").to_string();
        assert_eq!(strange, "PLIMSOLL_ZZZ is no key");
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        write!(file, "egress_alow = []").expect("written");
        let slip = Config::read(Some(file.path()), &HashMap::new()).expect_err("refused").to_string();
        assert!(slip.contains("egress_alow is no key in /") && slip.contains("did you mean egress_allow?"), "{slip}");
    }

    #[test]
    fn keys_of_the_standard_and_of_the_log_may_stand_in_the_file() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let text = "otel_enabled = true\notel_traces_sampler_arg = 1\nlog_format = \"json\"\nrust_log = \"debug\"\n";
        write!(file, "{text}egress_allow = [\"10.0.0.0/8\"]").expect("written");
        let config = Config::read(Some(file.path()), &HashMap::new()).expect("valid");
        assert_eq!((config.log_filter.as_str(), config.egress_allow.len()), ("debug", 1));
        assert!((config.telemetry.traces.expect("on").sampler.ratio - 1.0).abs() < f64::EPSILON);
        let over = HashMap::from([("OTEL_ENABLED".to_owned(), "off".to_owned())]);
        assert!(Config::read(Some(file.path()), &over).expect("valid").telemetry.traces.is_none());
    }
}
