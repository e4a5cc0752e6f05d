//! Reads an envelope as it passes, in pieces of any size, and counts what is in it.
//!
//! It is lenient: an item of an unknown kind is an item, a length of zero and none at all are lengths, and where the
//! envelope cannot be understood any more the reader only stops counting. At most 16 KiB of a line are kept, and of a
//! payload that matters the first 64 KiB: no more is read where it lies whole in one piece, which is not copied.
//!
//! Rejected: a parser of whole envelopes (there are good ones), which wants all of it in memory.

use memchr::memchr;

use super::counts::{Counted, Counts};
use super::envelope::{FIRST_LINE_LIMIT, object};
use super::items::{ItemHeader, Level, Wanted};
use super::sessions::SessionCounts;

const LINE_LIMIT: usize = FIRST_LINE_LIMIT;
const PAYLOAD_KEPT: usize = 64 * 1024;

/// What an envelope holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Its items.
    pub counts: Counts,
    /// Whether all of it was understood, to its end.
    pub is_whole: bool,
}

/// Reads one envelope, from its first byte.
#[derive(Debug)]
pub struct EnvelopeReader {
    state: State,
    /// Of a line or payload that matters: what came of it in earlier pieces.
    kept: Vec<u8>,
    counts: Counts,
}

#[derive(Clone, Copy, Debug)]
enum State {
    FirstLine,
    ItemHeader,
    /// So many bytes are missing; `None`: until the next newline.
    Payload(Wanted, Option<u64>),
    /// A newline is due.
    AfterPayload,
    Lost,
}

impl Default for EnvelopeReader {
    fn default() -> Self {
        Self { state: State::FirstLine, kept: Vec::new(), counts: Counts::default() }
    }
}

impl EnvelopeReader {
    /// Reads the next piece.
    pub fn feed(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            piece = match self.state {
                State::FirstLine | State::ItemHeader => self.line(piece),
                State::Payload(wanted, Some(left)) => self.counted(piece, wanted, left),
                State::Payload(wanted, None) => self.until_newline(piece, wanted),
                State::AfterPayload if piece[0] == b'\n' => {
                    self.state = State::ItemHeader;
                    &piece[1..]
                }
                State::AfterPayload => {
                    self.state = State::Lost;
                    return;
                }
                State::Lost => return,
            };
        }
    }

    /// What was in it, now that nothing more comes.
    pub fn finish(mut self) -> Contents {
        let is_whole = match self.state {
            State::Payload(wanted, None) => {
                let kept = std::mem::take(&mut self.kept);
                self.close(wanted, &kept);
                true
            }
            // An envelope of nothing but its header may do without the newline.
            State::FirstLine | State::AfterPayload => true,
            State::ItemHeader => self.kept.is_empty(),
            State::Payload(_, Some(_)) | State::Lost => false,
        };
        Contents { counts: self.counts, is_whole }
    }

    fn line<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let Some(end) = memchr(b'\n', piece) else {
            if self.kept.len() + piece.len() > LINE_LIMIT {
                self.state = State::Lost;
            } else {
                self.kept.extend_from_slice(piece);
            }
            return &[];
        };
        if self.kept.len() + end > LINE_LIMIT {
            self.state = State::Lost;
            return &[];
        }
        let mut kept = std::mem::take(&mut self.kept);
        if kept.is_empty() {
            self.end_line(&piece[..end]);
        } else {
            kept.extend_from_slice(&piece[..end]);
            self.end_line(&kept);
        }
        &piece[end + 1..]
    }

    fn end_line(&mut self, line: &[u8]) {
        self.state = match self.state {
            State::FirstLine => State::ItemHeader,
            // Where an item was expected, an empty line is no item.
            _ if line.is_empty() => State::ItemHeader,
            _ => match object::<ItemHeader<'_>>(line) {
                Some(header) => self.open(header.wanted(), header.length),
                None => State::Lost,
            },
        };
    }

    fn open(&mut self, wanted: Wanted, length: Option<u64>) -> State {
        if length == Some(0) {
            self.close(wanted, &[]);
            return State::AfterPayload;
        }
        State::Payload(wanted, length)
    }

    fn counted<'a>(&mut self, piece: &'a [u8], wanted: Wanted, left: u64) -> &'a [u8] {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let (payload, rest) = piece.split_at(here);
        if here as u64 == left {
            self.state = State::AfterPayload;
            self.end_payload(payload, wanted);
        } else {
            self.state = State::Payload(wanted, Some(left - here as u64));
            self.keep(payload, wanted);
        }
        rest
    }

    fn until_newline<'a>(&mut self, piece: &'a [u8], wanted: Wanted) -> &'a [u8] {
        let Some(end) = memchr(b'\n', piece) else {
            self.keep(piece, wanted);
            return &[];
        };
        self.state = State::ItemHeader;
        self.end_payload(&piece[..end], wanted);
        &piece[end + 1..]
    }

    fn keep(&mut self, payload: &[u8], wanted: Wanted) {
        if !matches!(wanted, Wanted::Only(..)) {
            let room = PAYLOAD_KEPT - self.kept.len();
            self.kept.extend_from_slice(&payload[..payload.len().min(room)]);
        }
    }

    fn end_payload(&mut self, last: &[u8], wanted: Wanted) {
        if self.kept.is_empty() {
            self.close(wanted, &last[..last.len().min(PAYLOAD_KEPT)]);
            return;
        }
        self.keep(last, wanted);
        let kept = std::mem::take(&mut self.kept);
        self.close(wanted, &kept);
    }

    fn close(&mut self, wanted: Wanted, payload: &[u8]) {
        match wanted {
            Wanted::Event => self.counts.count(Counted::events(Level::of_event(payload)), 1),
            Wanted::Session => self.close_sessions(SessionCounts::of_update(payload)),
            Wanted::Sessions => self.close_sessions(SessionCounts::of_aggregates(payload)),
            Wanted::Only(what, many) => self.counts.count(what, many),
        }
    }

    fn close_sessions(&mut self, told: Option<SessionCounts>) {
        match told {
            Some(told) => self.counts.add_sessions(told),
            None => self.counts.count(Counted::OtherItems, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(envelope: &[u8], piece: usize) -> Contents {
        let mut reader = EnvelopeReader::default();
        envelope.chunks(piece).for_each(|piece| reader.feed(piece));
        reader.finish()
    }

    /// The same however it is cut.
    fn contents(envelope: &[u8]) -> Contents {
        let whole = read(envelope, envelope.len().max(1));
        for piece in [1, 2, 3, 7, 64] {
            assert_eq!(read(envelope, piece), whole, "in pieces of {piece}");
        }
        whole
    }

    fn counts<const N: usize>(expected: [(Counted, u64); N]) -> Counts {
        let mut counts = Counts::default();
        for (what, many) in expected {
            counts.count(what, many);
        }
        counts
    }

    #[test]
    fn the_example_of_the_format_is_read() {
        // Two items, as the format's own page has them: ten bytes with a byte order mark and \r\n, and 41 of JSON.
        let envelope = b"{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\"}\n\
            {\"type\":\"attachment\",\"length\":10}\n\xef\xbb\xbfHello\r\n\n\
            {\"type\":\"event\",\"length\":41}\n{\"message\":\"hello world\",\"level\":\"error\"}\n";
        let expected = counts([(Counted::Attachments, 1), (Counted::EventsError, 1)]);
        assert_eq!(contents(envelope), Contents { counts: expected, is_whole: true });
        assert_eq!(contents(&envelope[..envelope.len() - 1]), Contents { counts: expected, is_whole: true });
    }

    #[test]
    fn lengths_of_zero_and_none_are_lengths() {
        let envelope = b"{}\n{\"type\":\"attachment\",\"length\":0}\n\n{\"type\":\"what\"}\nhelloworld\n{\"type\":\"event\"}\n{\"level\":\"info\"}";
        let expected = counts([(Counted::Attachments, 1), (Counted::OtherItems, 1), (Counted::EventsInfo, 1)]);
        assert_eq!(contents(envelope), Contents { counts: expected, is_whole: true });
        for empty in [&b"{}"[..], b"{}\n", b"{}\n\n"] {
            assert_eq!(contents(empty), Contents { counts: Counts::default(), is_whole: true });
        }
    }

    #[test]
    fn where_it_is_not_understood_counting_stops_and_what_was_counted_stays() {
        let good = b"{}\n{\"type\":\"event\"}\n{}\n".to_vec();
        let expected = counts([(Counted::EventsError, 1)]);
        assert!(!contents(b"{}\n{\"type\":\"event\",\"length\":2}\n{}x").is_whole);
        for rest in [
            &b"not json\n"[..],
            b"{\"type\":\"event\",\"length\":9}\n{}",
            b"[\"event\",2]\n{}",
            b"{\"type\":\"event\",\"length\":-1}\n{}",
            b"{\"type\":\"event\"}",
            b"{\"type\":\"a\",\"type\":\"b\"}\n{}",
        ] {
            let whole = contents(&[good.as_slice(), rest].concat());
            assert_eq!(whole, Contents { counts: expected, is_whole: false }, "{}", String::from_utf8_lossy(rest));
        }
    }

    #[test]
    fn sessions_replays_and_containers_are_told_apart() {
        let envelope = b"{}\n{\"type\":\"session\"}\n{\"init\":true,\"status\":\"ok\"}\n\
            {\"type\":\"sessions\"}\n{\"aggregates\":[{\"exited\":3,\"crashed\":1}]}\n\
            {\"type\":\"session\"}\n?\n\
            {\"type\":\"log\",\"item_count\":7}\n{}\n{\"type\":\"replay_event\"}\n{}\n{\"type\":\"replay_recording\",\"length\":3}\n\0\n\xff\n";
        let expected = counts([
            (Counted::SessionsStarted, 5),
            (Counted::SessionsCrashed, 1),
            (Counted::OtherItems, 1),
            (Counted::Logs, 7),
            (Counted::Replays, 1),
            (Counted::ReplayRecordings, 1),
        ]);
        assert_eq!(contents(envelope), Contents { counts: expected, is_whole: true });
    }

    #[test]
    fn a_large_event_costs_bounded_memory_and_its_level_is_found_where_it_stands_early() {
        let filler = "x".repeat(10 * PAYLOAD_KEPT);
        for (payload, level) in [
            (format!("{{\"level\":\"fatal\",\"message\":\"{filler}\"}}"), Counted::EventsFatal),
            (format!("{{\"message\":\"{filler}\",\"level\":\"fatal\"}}"), Counted::EventsUnknown),
        ] {
            let envelope = format!("{{}}\n{{\"type\":\"event\",\"length\":{}}}\n{payload}", payload.len());
            let mut reader = EnvelopeReader::default();
            for piece in envelope.as_bytes().chunks(1000) {
                reader.feed(piece);
                assert!(reader.kept.len() <= PAYLOAD_KEPT);
            }
            assert_eq!(reader.finish().counts, counts([(level, 1)]));
        }
    }

    #[test]
    fn an_endless_line_is_given_up() {
        let mut reader = EnvelopeReader::default();
        for _ in 0..1_000 {
            reader.feed(&[b'x'; 1_000]);
            assert!(reader.kept.len() <= LINE_LIMIT);
        }
        assert!(!reader.finish().is_whole);
    }
}
