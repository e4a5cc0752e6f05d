//! A profile as pprof's own definition has it: read, and looked through.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use prost::Message;
use pyroscope::encode::r#gen::google::Profile as Pprof;

/// A profile that is whole: whatever it refers to is in it.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// What is measured, such as `cpu` in `nanoseconds`.
    pub(crate) kind: (String, String),
    /// Stacks, from where it happened out, and what each weighs.
    pub(crate) stacks: Vec<(Vec<String>, i64)>,
    /// How long it lasted, in nanoseconds.
    pub(crate) duration: i64,
}

impl Profile {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let mut plain = Vec::new();
        GzDecoder::new(bytes).read_to_end(&mut plain).context("gzip")?;
        let pprof = Pprof::decode(plain.as_slice()).context("protobuf")?;
        ensure!(pprof.string_table.first().is_some_and(String::is_empty), "the first string is not empty");
        ensure!(pprof.time_nanos > 0, "it has no time");
        let [kind] = pprof.sample_type.as_slice() else { anyhow::bail!("{} kinds", pprof.sample_type.len()) };
        let kind = (text(&pprof, kind.r#type)?, text(&pprof, kind.unit)?);
        let names = names(&pprof)?;
        let mut stacks = Vec::new();
        for sample in &pprof.sample {
            let [value] = sample.value.as_slice() else { anyhow::bail!("{} values", sample.value.len()) };
            let places = sample.location_id.iter().map(|id| names.get(id).with_context(|| format!("location {id}")));
            let stack = places.collect::<Result<Vec<_>>>()?.into_iter().flatten().cloned().collect();
            stacks.push((stack, *value));
        }
        Ok(Self { kind, stacks, duration: pprof.duration_nanos })
    }

    /// What all stacks weigh together.
    pub(crate) fn total(&self) -> i64 {
        self.stacks.iter().map(|(_, value)| value).sum()
    }

    /// What those weigh in which a function's name holds this.
    pub(crate) fn within(&self, name: &str) -> i64 {
        let has = |stack: &[String]| stack.iter().any(|function| function.contains(name));
        self.stacks.iter().filter(|(stack, _)| has(stack)).map(|(_, value)| value).sum()
    }
}

/// The functions of each location, from the innermost out.
fn names(pprof: &Pprof) -> Result<BTreeMap<u64, Vec<String>>> {
    let mut functions = BTreeMap::new();
    for function in &pprof.function {
        functions.insert(function.id, text(pprof, function.name)?);
    }
    let mut names = BTreeMap::new();
    for location in &pprof.location {
        let of = |id: u64| functions.get(&id).cloned().with_context(|| format!("function {id}"));
        names.insert(location.id, location.line.iter().map(|line| of(line.function_id)).collect::<Result<_>>()?);
    }
    Ok(names)
}

fn text(pprof: &Pprof, index: i64) -> Result<String> {
    let found = usize::try_from(index).ok().and_then(|index| pprof.string_table.get(index));
    found.cloned().with_context(|| format!("string {index}"))
}
