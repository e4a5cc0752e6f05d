//! Content encodings: what is read of an envelope is read decoded, and what is passed on is not touched.
//!
//! Decoding goes in steps of bounded output, so that a bomb neither fills memory nor holds up a thread. Windows are
//! bounded as well: RFC 9659 says 8 MiB for zstd, RFC 7932 16 MiB for br, whose larger ones are an extension.

use std::io;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::zstd::params::DParameter;
use compression_codecs::{BrotliDecoder, DecodeV2, GzipDecoder, ZlibDecoder, ZstdDecoder};

/// Output of one step.
const STEP: usize = 32 * 1024;
const ZSTD_WINDOW_LOG: u32 = 23;
/// Streams that may stand one behind the other: each costs a decoder.
const MOST_STREAMS: u32 = 16;
/// The first seven bits of a br stream with a window of more than 16 MiB.
const BR_LARGE_WINDOW: u8 = 0x11;

/// How an envelope is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Not at all.
    Identity,
    /// `gzip` or `x-gzip`.
    Gzip,
    /// `deflate`, which is zlib.
    Deflate,
    /// `br`.
    Br,
    /// `zstd`.
    Zstd,
}

impl Encoding {
    /// What the header says; `None` for what is not known, and for more than one.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Some(Self::Identity) };
        if values.next().is_some() {
            return None;
        }
        match value.to_str().ok()?.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Br),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Whether decoding it costs memory that must be shared out.
    pub(crate) const fn is_wide(self) -> bool {
        matches!(self, Self::Br | Self::Zstd)
    }
}

/// What came of one step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many bytes of output; there is more to do.
    Some(usize),
    /// The input is used up.
    Done,
    /// It is not what it says it is: what follows cannot be decoded.
    Broken,
}

/// Decodes one envelope.
pub(super) struct Decoder {
    codec: Box<dyn DecodeV2 + Send>,
    output: Box<[u8]>,
    encoding: Encoding,
    /// How many streams have begun, whether the last of them has ended, and whether the last step filled its output.
    streams: u32,
    has_ended: bool,
    was_full: bool,
}

impl Decoder {
    /// `None` where there is nothing to decode.
    pub(super) fn of(encoding: Encoding) -> Option<Self> {
        let codec: Box<dyn DecodeV2 + Send> = match encoding {
            Encoding::Identity => return None,
            Encoding::Gzip => Box::new(GzipDecoder::new()),
            Encoding::Deflate => Box::new(ZlibDecoder::new()),
            Encoding::Br => Box::new(BrotliDecoder::new()),
            Encoding::Zstd => Box::new(ZstdDecoder::new_with_params(&[DParameter::window_log_max(ZSTD_WINDOW_LOG)])),
        };
        let output = vec![0; STEP].into_boxed_slice();
        Some(Self { codec, output, encoding, streams: 0, has_ended: true, was_full: false })
    }

    /// Decodes from `input` from `at` on, which is moved; the output is in [`Self::output`].
    pub(super) fn step(&mut self, input: &[u8], at: &mut usize) -> Step {
        // Input that is used up may have left more behind than one step takes.
        let is_rest = *at == input.len();
        if is_rest && (!self.was_full || self.has_ended) {
            return Step::Done;
        }
        match self.decode(input, at) {
            Ok(many) => {
                self.was_full = many == STEP;
                if many == 0 && *at == input.len() { Step::Done } else { Step::Some(many) }
            }
            // Some decoders mind being asked when there is nothing.
            Err(_) if is_rest => {
                self.was_full = false;
                Step::Done
            }
            Err(_) => Step::Broken,
        }
    }

    /// The output of the last step.
    pub(super) fn output(&self, many: usize) -> &[u8] {
        &self.output[..many]
    }

    /// Whether what came so far is a whole stream.
    pub(super) const fn is_whole(&self) -> bool {
        self.has_ended && self.streams > 0
    }

    fn begin(&mut self, first: u8) -> io::Result<()> {
        let is_too_wide = self.encoding == Encoding::Br && first & 0x7f == BR_LARGE_WINDOW;
        if is_too_wide || self.streams == MOST_STREAMS {
            return Err(io::Error::other("a window or a number of streams that nobody needs"));
        }
        if self.streams > 0 {
            self.codec.reinit()?;
        }
        self.streams += 1;
        self.has_ended = false;
        Ok(())
    }

    fn decode(&mut self, input: &[u8], at: &mut usize) -> io::Result<usize> {
        if self.has_ended {
            self.begin(input[*at])?;
        }
        let mut unread = PartialBuffer::new(&input[*at..]);
        let mut output = WriteBuffer::new_initialized(&mut self.output);
        let ended = self.codec.decode(&mut unread, &mut output)?;
        let (read, written) = (unread.written_len(), output.written_len());
        *at += read;
        self.has_ended = ended;
        if read == 0 && written == 0 && !ended && *at < input.len() {
            return Err(io::Error::other("no progress"));
        }
        Ok(written)
    }
}
