//! Where the parts of an SLO stand in the file: the domain names a fault by its own pointer, and the author has the
//! file before them.

use plimsoll_domain::invalid::Fault;

/// Pointers into one SLO, each with the pointer into the file.
#[derive(Debug)]
pub(super) struct Places {
    document: String,
    parts: Vec<(String, String)>,
}

impl Places {
    /// Nothing is known but the document.
    pub(super) fn new(document: &str) -> Self {
        Self { document: document.to_owned(), parts: Vec::new() }
    }

    /// `part`, and all that is below it, stands at `pointer`.
    pub(super) fn add(&mut self, part: &str, pointer: String) {
        self.parts.push((part.to_owned(), pointer));
    }

    /// `fault`, whose pointer is one into the SLO, as one in the file.
    pub(super) fn translate(&self, fault: Fault) -> Fault {
        let below = |part: &str| {
            let rest = fault.pointer.strip_prefix(part)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
        };
        let found = self.parts.iter().filter_map(|(part, pointer)| Some((part.len(), below(part)?, pointer)));
        let nearest = found.max_by_key(|(length, _, _)| *length).map(|(_, rest, pointer)| (rest, pointer));
        let (rest, pointer) = nearest.unwrap_or((fault.pointer.clone(), &self.document));
        // What is left names something within a text, or something the file has no place for.
        let detail = if rest.is_empty() { fault.detail } else { format!("{}: {}", &rest[1..], fault.detail) };
        Fault { pointer: pointer.clone(), detail }
    }
}
