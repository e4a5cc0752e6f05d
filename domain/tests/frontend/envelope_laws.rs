//! What holds of any bytes that are read as an envelope. The fuzz target includes this file, so that it looks for the
//! same as the tests.

use plimsoll_domain::frontend::{Contents, Counted, EnvelopeReader};

/// A reader may keep so much at a time.
const MOST_KEPT: usize = 64 * 1024;

/// What is read of it in pieces of these sizes, over and over; without sizes, in one. Empty pieces come in between.
pub(crate) fn in_pieces(envelope: &[u8], sizes: &[usize]) -> Contents {
    let mut reader = EnvelopeReader::default();
    let mut sizes = sizes.iter().cycle();
    let mut rest = envelope;
    while !rest.is_empty() {
        let size = sizes.next().map_or(rest.len(), |size| (*size).clamp(1, rest.len()));
        let (piece, after) = rest.split_at(size);
        reader.feed(&[]);
        reader.feed(piece);
        rest = after;
    }
    assert!(kept(&reader) <= MOST_KEPT, "{} bytes are kept", kept(&reader));
    reader.finish()
}

/// Panics where a law is broken.
pub(crate) fn hold(envelope: &[u8]) {
    let whole = in_pieces(envelope, &[]);
    for sizes in cuts(envelope) {
        assert_eq!(in_pieces(envelope, &sizes), whole, "in pieces of {sizes:?}");
    }
    // What follows on a line of its own takes nothing away.
    let after = in_pieces(&[envelope, b"\n?\n"].concat(), &[]);
    assert!(covers(&after, &whole), "{after:?} is less than {whole:?}");
    assert!(!whole.is_whole || (after.counts == whole.counts && !after.is_whole), "{after:?} is not {whole:?}");
}

/// Whether `more` counts at least what `less` does, of everything.
pub(crate) fn covers(more: &Contents, less: &Contents) -> bool {
    Counted::ALL.iter().all(|what| more.counts.of(*what) >= less.counts.of(*what))
}

/// How many bytes the reader keeps, by what it prints of itself.
fn kept(reader: &EnvelopeReader) -> usize {
    let printed = format!("{reader:?}");
    let list =
        printed.split_once("kept: [").and_then(|(_, rest)| rest.split_once(']')).expect("it prints what it keeps");
    list.0.split_terminator(',').count()
}

/// Sizes to cut by: some plain ones, and some that look like chance and are the same each time for the same bytes.
fn cuts(envelope: &[u8]) -> Vec<Vec<usize>> {
    let mut seed = envelope
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let mut size = |most: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(1 + seed % most).expect("a small number")
    };
    let mut cuts: Vec<Vec<usize>> = [1, 2, 3, 7, 64].map(|size| vec![size]).into();
    for most in [4, 16, 64, 1_024] {
        cuts.push((0..9).map(|_| size(most)).collect());
    }
    // Cut once, somewhere.
    cuts.push(vec![size(envelope.len().max(1) as u64), envelope.len()]);
    cuts
}
