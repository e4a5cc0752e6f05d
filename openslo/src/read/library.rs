//! What the documents of a file know by name.

use std::collections::BTreeMap;

use plimsoll_domain::invalid::{Faults, Invalid};
use serde_json::Value;

use crate::read::alert::{self, Condition, Conditions};
use crate::read::indicator::{Indicator, Indicators};
use crate::read::node::note;
use crate::read::object::{self, Object};
use crate::read::source::{DataSource, DataSources};

/// Everything that an SLO may refer to.
#[derive(Debug, Default)]
pub(super) struct Library<'a> {
    pub(super) sources: DataSources<'a>,
    pub(super) indicators: Indicators<'a>,
    pub(super) conditions: Conditions<'a>,
    pub(super) policies: Conditions<'a>,
}

/// The objects of one file.
#[derive(Debug)]
pub(super) struct File<'a>(Vec<(&'static str, Object<'a>)>);

impl<'a> File<'a> {
    /// Sorts out what the documents are.
    pub(super) fn new(values: &'a [Value], faults: &mut Faults) -> Result<Self, Invalid> {
        let nodes = object::documents(values)?;
        Ok(Self(nodes.iter().filter_map(|node| object::read(node, faults)).collect()))
    }

    /// The objects of one kind, in their order.
    pub(super) fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = &Object<'a>> {
        self.0.iter().filter(move |(known, _)| *known == kind).map(|(_, object)| object)
    }

    /// Reads what SLOs may refer to, whether one does or not: a fault is a fault before somebody relies on it.
    pub(super) fn library(&self, faults: &mut Faults) -> Library<'a> {
        let mut library = Library::default();
        for object in self.of_kind("DataSource") {
            let source = DataSource::read(object, faults);
            insert(&mut library.sources, object, source, faults);
        }
        for object in self.of_kind("SLI") {
            let indicator = Indicator::read(&object.spec, &library.sources, faults);
            insert(&mut library.indicators, object, indicator, faults);
        }
        for object in self.of_kind("AlertCondition") {
            let condition = Condition::read(object, faults);
            insert(&mut library.conditions, object, condition, faults);
        }
        for object in self.of_kind("AlertPolicy") {
            let policy = alert::policy(object, &library.conditions, faults);
            insert(&mut library.policies, object, policy, faults);
        }
        library
    }
}

fn insert<'a, T>(known: &mut BTreeMap<&'a str, T>, object: &Object<'a>, value: T, faults: &mut Faults) {
    if known.insert(object.name, value).is_some() {
        let detail = format!("expected a name used once, got {:?} again", object.name);
        note(faults, &format!("{}/metadata/name", object.pointer), detail);
    }
}
