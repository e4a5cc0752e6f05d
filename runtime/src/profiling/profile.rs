//! A profile as a value: written as pprof reads it, or drawn.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use inferno::flamegraph::{self, Options};
use prost::Message;
use pyroscope::encode::r#gen::google::Profile as Pprof;

/// What a process did or held, stack by stack.
#[derive(Clone, Debug)]
pub struct Profile(Pprof);

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Somebody else's is being made.
    #[error("another profile is being made")]
    Busy {
        /// After so many seconds it should be there.
        seconds: u64,
    },
    /// The allocator was built or started without what notes allocations.
    #[error("the allocator notes nothing: it was built or started without profiling")]
    NoHeap,
    /// Sampling or reading what was sampled failed.
    #[error("the profile could not be made: {0}")]
    Failed(String),
}

impl ProfileError {
    pub(super) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Profile {
    pub(super) fn new(pprof: Pprof) -> Self {
        Self(pprof)
    }

    /// Reads what [`Self::pprof`] writes.
    pub(super) fn read(pprof: &[u8]) -> Result<Self, ProfileError> {
        let mut plain = Vec::new();
        GzDecoder::new(pprof).read_to_end(&mut plain).map_err(ProfileError::failed)?;
        Pprof::decode(plain.as_slice()).map(Self).map_err(ProfileError::failed)
    }

    /// The profile as a `profile.proto` of pprof, compressed with gzip.
    pub fn pprof(&self) -> Vec<u8> {
        // Profiles repeat themselves: little is gained by trying harder.
        let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
        zipped.write_all(&self.0.encode_to_vec()).expect("writing to memory does not fail");
        zipped.finish().expect("writing to memory does not fail")
    }

    /// The profile as a flame graph, in SVG. One in which nothing was sampled says so.
    pub fn flamegraph(&self) -> Result<Vec<u8>, ProfileError> {
        let mut folded = self.folded();
        if folded.is_empty() {
            folded.insert("nothing was sampled".to_owned(), 1);
        }
        let lines: Vec<String> = folded.iter().map(|(stack, value)| format!("{stack} {value}")).collect();
        let mut options = Options::default();
        let text = |index: Option<i64>| self.text(index.unwrap_or_default()).to_owned();
        options.title = format!("plimsoll: {}", text(self.0.sample_type.first().map(|kind| kind.r#type)));
        options.count_name = text(self.0.sample_type.first().map(|kind| kind.unit));
        let mut svg = Vec::new();
        flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)
            .map_err(ProfileError::failed)?;
        Ok(svg)
    }

    /// Each stack from the outermost function in, and what it weighs.
    fn folded(&self) -> BTreeMap<String, i64> {
        let Pprof { location, function, sample, .. } = &self.0;
        let functions: BTreeMap<u64, &str> = function.iter().map(|f| (f.id, self.text(f.name))).collect();
        let locations: BTreeMap<u64, Vec<&str>> = location
            .iter()
            // What was inlined stands before what it was inlined into.
            .map(|at| (at.id, at.line.iter().rev().filter_map(|l| functions.get(&l.function_id).copied()).collect()))
            .collect();
        let mut folded = BTreeMap::new();
        for sample in sample {
            let frames = sample.location_id.iter().rev().filter_map(|id| locations.get(id)).flatten();
            // A semicolon ends a name here, as a space ends a stack.
            let stack: Vec<String> = frames.map(|name| name.replace(';', ":")).collect();
            let value = sample.value.first().copied().unwrap_or_default();
            if !stack.is_empty() && value > 0 {
                *folded.entry(stack.join(";")).or_default() += value;
            }
        }
        folded
    }

    fn text(&self, index: i64) -> &str {
        usize::try_from(index).ok().and_then(|index| self.0.string_table.get(index)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use pyroscope::encode::r#gen::google::{Function, Line, Location, Sample, ValueType};

    use super::*;

    /// `inner`, inlined into `outer`, under `main`.
    fn small() -> Profile {
        let strings = ["", "cpu", "nanoseconds", "main", "a::outer", "<a as b;>::inner"];
        let function = |id: u64, name| Function { id, name, ..Function::default() };
        let line = |function_id| Line { function_id, line: 1 };
        let location = |id, line| Location { id, line, ..Location::default() };
        let sample = |location_id: &[u64], value| Sample {
            location_id: location_id.to_vec(),
            value: vec![value],
            label: vec![],
        };
        Profile(Pprof {
            sample_type: vec![ValueType { r#type: 1, unit: 2 }],
            string_table: strings.map(str::to_owned).to_vec(),
            function: vec![function(1, 3), function(2, 4), function(3, 5)],
            location: vec![location(1, vec![line(1)]), location(2, vec![line(3), line(2)])],
            sample: vec![sample(&[2, 1], 30), sample(&[2, 1], 12), sample(&[1], 8)],
            ..Pprof::default()
        })
    }

    #[test]
    fn a_stack_is_read_from_the_outermost_function_in() {
        let folded = small().folded();
        let expected = [("main".to_owned(), 8), ("main;a::outer;<a as b:>::inner".to_owned(), 42)];
        assert_eq!(folded, BTreeMap::from(expected));
    }

    #[test]
    fn what_is_written_can_be_read_and_drawn() {
        let read = Profile::read(&small().pprof()).expect("what was written");
        assert_eq!(read.0, small().0);
        let svg = String::from_utf8(read.flamegraph().expect("drawn")).expect("text");
        assert!(svg.contains("<svg") && svg.contains("a::outer") && svg.contains("plimsoll: cpu"), "{svg}");
        assert!(Profile::read(b"no profile").is_err());
    }

    #[test]
    fn a_profile_in_which_nothing_happened_is_drawn_too() {
        let svg = Profile(Pprof::default()).flamegraph().expect("drawn");
        assert!(String::from_utf8_lossy(&svg).contains("nothing was sampled"));
    }
}
