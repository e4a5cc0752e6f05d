//! Measures an envelope as it passes: its first line, its items, and how much it comes to.

use bytes::Bytes;
use metrics::{Counter, counter, gauge};
use tokio::sync::OwnedSemaphorePermit;

use plimsoll_domain::frontend::{Contents, Counted, EnvelopeReader, FIRST_LINE_LIMIT, Level};

use super::decoding::{Decoder, Encoding, Step};

/// Why an envelope does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Its first line does not end.
    #[error("the first line of the envelope is longer than {FIRST_LINE_LIMIT} bytes")]
    EndlessLine,
    /// It is larger than it may be, as it comes.
    #[error("the envelope is too large")]
    TooLarge,
    /// It is larger than it may be, once it is decoded.
    #[error("the envelope is too large once it is decompressed")]
    TooLargeDecoded,
    /// It could not be decoded.
    #[error("the envelope is not encoded as Content-Encoding says")]
    Undecodable,
}

/// Measures one envelope.
pub(super) struct Meter {
    reader: EnvelopeReader,
    decoder: Option<Decoder>,
    line: Line,
    /// What is being decoded, and how far that is.
    input: Option<(Bytes, usize)>,
    decoded: u64,
    most: u64,
    /// Leave to decode with a window that costs memory; given back when all is decoded.
    leave: Option<OwnedSemaphorePermit>,
}

enum Line {
    Incomplete(Vec<u8>),
    Complete(Bytes),
}

impl Meter {
    pub(super) fn new(encoding: Encoding, most: u64, leave: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            reader: EnvelopeReader::default(),
            decoder: Decoder::of(encoding),
            line: Line::Incomplete(Vec::new()),
            input: None,
            decoded: 0,
            most,
            leave,
        }
    }

    /// The first line without its newline, once all of it has come.
    pub(super) fn line(&self) -> Option<Bytes> {
        match &self.line {
            Line::Complete(line) => Some(line.clone()),
            Line::Incomplete(_) => None,
        }
    }

    /// Takes a piece as it came. Whether it is done with: otherwise [`Self::work`] goes on.
    pub(super) fn take(&mut self, piece: &Bytes) -> Result<bool, Refusal> {
        if self.decoder.is_some() {
            self.input = Some((piece.clone(), 0));
            return self.work();
        }
        if matches!(self.line, Line::Incomplete(_)) {
            self.read_line(piece, Some(piece))?;
        }
        self.measure(piece.len())?;
        self.reader.feed(piece);
        Ok(true)
    }

    /// Decodes some more of what was taken. Whether it is done.
    pub(super) fn work(&mut self) -> Result<bool, Refusal> {
        let Some((piece, mut at)) = self.input.take() else { return Ok(true) };
        let Some(mut decoder) = self.decoder.take() else { return Ok(true) };
        let step = decoder.step(&piece, &mut at);
        let is_done = match step {
            Step::Some(many) => {
                let output = decoder.output(many);
                if matches!(self.line, Line::Incomplete(_)) {
                    self.read_line(output, None)?;
                }
                self.measure(many)?;
                self.reader.feed(output);
                self.input = Some((piece, at));
                false
            }
            Step::Done => true,
            Step::Broken => return Err(Refusal::Undecodable),
        };
        self.decoder = Some(decoder);
        Ok(is_done)
    }

    /// Nothing more comes, and all that came is decoded.
    pub(super) fn end(&mut self) {
        self.leave = None;
    }

    /// What was in it, now that all of it has come.
    pub(super) fn finish(&mut self) -> Contents {
        let contents = std::mem::take(&mut self.reader).finish();
        let is_decoded = self.decoder.as_ref().is_none_or(Decoder::is_whole);
        Contents { is_whole: contents.is_whole && is_decoded, ..contents }
    }

    /// `whole`: the piece that `output` is, if it came as it is; then its line need not be copied.
    fn read_line(&mut self, output: &[u8], whole: Option<&Bytes>) -> Result<(), Refusal> {
        let Line::Incomplete(kept) = &mut self.line else { return Ok(()) };
        let end = memchr::memchr(b'\n', output);
        let length = kept.len() + end.unwrap_or(output.len());
        if length > FIRST_LINE_LIMIT {
            return Err(Refusal::EndlessLine);
        }
        match (end, whole) {
            (Some(end), Some(piece)) if kept.is_empty() => self.line = Line::Complete(piece.slice(..end)),
            (Some(end), _) => {
                kept.extend_from_slice(&output[..end]);
                self.line = Line::Complete(std::mem::take(kept).into());
            }
            (None, _) => kept.extend_from_slice(output),
        }
        Ok(())
    }

    fn measure(&mut self, more: usize) -> Result<(), Refusal> {
        self.decoded += more as u64;
        if self.decoded <= self.most { Ok(()) } else { Err(Refusal::TooLargeDecoded) }
    }

    /// An envelope that is nothing but its first line may do without the newline.
    pub(super) fn end_line(&mut self) {
        if let Line::Incomplete(kept) = &mut self.line {
            self.line = Line::Complete(std::mem::take(kept).into());
        }
    }
}

/// The metrics of the tunnel.
pub(super) struct Figures {
    errors: [Counter; Level::ALL.len()],
    pub(super) relayed: Counter,
    pub(super) refused: Counter,
    pub(super) rate_limited: Counter,
    pub(super) too_large: Counter,
    pub(super) spooled: Counter,
    pub(super) failed: Counter,
    pub(super) rejected: Counter,
}

impl Figures {
    /// `capacity`: how many bytes of envelopes may wait.
    pub(super) fn new(capacity: u64) -> Self {
        gauge!("plimsoll_spool_capacity_bytes").set(capacity as f64);
        let envelopes = |result: &'static str| counter!("plimsoll_envelopes_total", "result" => result);
        Self {
            errors: Level::ALL.map(|level| counter!("plimsoll_frontend_errors_total", "level" => level.as_str())),
            relayed: envelopes("relayed"),
            refused: envelopes("refused"),
            rate_limited: envelopes("rate_limited"),
            too_large: envelopes("too_large"),
            spooled: envelopes("spooled"),
            failed: envelopes("failed"),
            rejected: envelopes("rejected"),
        }
    }

    /// Counts the events of an envelope.
    pub(super) fn count_errors(&self, contents: &Contents) {
        for (level, counter) in Level::ALL.into_iter().zip(&self.errors) {
            let many = contents.counts.of(Counted::events(level));
            if many > 0 {
                counter.increment(many);
            }
        }
    }
}
