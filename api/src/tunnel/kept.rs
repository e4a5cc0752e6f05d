//! What is held of an envelope in memory: bounded over all of them, and at no more cost than its bytes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

/// Most bytes of one envelope that are kept: more does not fit a document of the store.
const KEPT_OF_ONE: u64 = 10 << 20;
/// The beginning of an envelope, which is all of most, has room of its own that large ones cannot take.
pub(super) const BEGINNING: u64 = 64 << 10;
/// Most bytes that are kept of beginnings, and of what follows them; one app has half of either.
const KEPT_OF_BEGINNINGS: u64 = 16 << 20;
const KEPT_OF_THE_REST: u64 = 20 << 20;
/// A piece of fewer bytes is put to the others: on its own it keeps alive all of the buffer it was read into.
const SMALL: usize = 4 * 1024;

/// How much is kept in memory at the moment, of all envelopes or of an app's.
#[derive(Debug, Default)]
pub(super) struct Room {
    beginnings: AtomicU64,
    rest: AtomicU64,
}

/// What was taken of a room.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    beginning: u64,
    rest: u64,
}

impl Room {
    /// Takes both or nothing, as long as all that is taken is at most one of so many `parts`.
    fn take(&self, more: Taken, parts: u64) -> bool {
        let fits = |held: &AtomicU64, more, most| held.fetch_add(more, Ordering::Relaxed) + more <= most / parts;
        let has_room =
            fits(&self.beginnings, more.beginning, KEPT_OF_BEGINNINGS) & fits(&self.rest, more.rest, KEPT_OF_THE_REST);
        if !has_room {
            self.give_back(more);
        }
        has_room
    }

    fn give_back(&self, taken: Taken) {
        self.beginnings.fetch_sub(taken.beginning, Ordering::Relaxed);
        self.rest.fetch_sub(taken.rest, Ordering::Relaxed);
    }
}

/// Pieces in the order they came; small ones are put together.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    whole: VecDeque<Bytes>,
    small: Vec<u8>,
}

impl Pieces {
    /// `is_last`: nothing comes behind it, so that there is nothing to put it to.
    pub(super) fn push(&mut self, piece: &Bytes, is_last: bool) {
        if is_last || piece.len() >= SMALL {
            self.settle();
            self.whole.push_back(piece.clone());
            return;
        }
        self.small.extend_from_slice(piece);
        if self.small.len() >= SMALL {
            self.settle();
        }
    }

    /// The oldest.
    pub(super) fn pop(&mut self) -> Option<Bytes> {
        if self.whole.is_empty() {
            self.settle();
        }
        self.whole.pop_front()
    }

    /// Puts those that are small together, so that each is one of [`Self::iter`].
    pub(super) fn settle(&mut self) {
        if !self.small.is_empty() {
            self.whole.push_back(std::mem::take(&mut self.small).into());
        }
    }

    /// Each that is not waiting for others, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.whole.iter()
    }

    /// How many bytes they have together.
    pub(super) fn len(&self) -> usize {
        self.whole.iter().map(Bytes::len).sum::<usize>() + self.small.len()
    }

    fn concat(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        self.whole.iter().for_each(|piece| all.extend_from_slice(piece));
        all.extend_from_slice(&self.small);
        all
    }
}

/// What is kept of an envelope; dropped, it gives its room back.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pieces: Pieces,
    bytes: u64,
    taken: Taken,
    /// That of all, and that of the app.
    rooms: Option<[Arc<Room>; 2]>,
    pub(super) is_lost: bool,
}

impl Kept {
    /// Nothing yet, and from now on as much as there is room for.
    pub(super) fn within(of_all: &Arc<Room>, of_app: &Arc<Room>) -> Self {
        let mut kept = Self::default();
        kept.rooms = Some([Arc::clone(of_all), Arc::clone(of_app)]);
        kept
    }

    /// Keeps a piece, or from now on nothing where there is no room; `is_last`: nothing comes behind it.
    pub(super) fn keep(&mut self, piece: &Bytes, is_last: bool) {
        let Some([of_all, of_app]) = self.rooms.as_ref().filter(|_| !self.is_lost) else { return };
        let after = self.bytes + piece.len() as u64;
        let beginning = after.min(BEGINNING) - self.bytes.min(BEGINNING);
        let more = Taken { beginning, rest: piece.len() as u64 - beginning };
        let fits = after <= KEPT_OF_ONE && of_all.take(more, 1);
        if fits && of_app.take(more, 2) {
            self.bytes = after;
            self.taken.beginning += more.beginning;
            self.taken.rest += more.rest;
            self.pieces.push(piece, is_last);
            return;
        }
        if fits {
            of_all.give_back(more);
        }
        self.lose();
    }

    /// All of it, as one.
    pub(super) fn concat(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    fn lose(&mut self) {
        self.rooms.iter().flatten().for_each(|room| room.give_back(self.taken));
        (self.pieces, self.bytes, self.taken, self.is_lost) = (Pieces::default(), 0, Taken::default(), true);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.lose();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_out_in_the_order_they_came_and_small_ones_together() {
        let mut pieces = Pieces::default();
        let large = Bytes::from(vec![b'L'; SMALL]);
        for (piece, is_last) in [("a", false), ("b", false), ("", false), ("c", true)] {
            pieces.push(&Bytes::from(piece), is_last);
        }
        pieces.push(&large, false);
        pieces.push(&Bytes::from("d"), false);
        assert_eq!(pieces.len(), SMALL + 4);
        assert_eq!(pieces.concat(), [b"abc", large.as_ref(), b"d"].concat());
        let popped: Vec<Bytes> = std::iter::from_fn(|| pieces.pop()).collect();
        assert_eq!(popped, [Bytes::from("ab"), Bytes::from("c"), large, Bytes::from("d")]);
    }

    fn held(room: &Room) -> (u64, u64) {
        (room.beginnings.load(Ordering::Relaxed), room.rest.load(Ordering::Relaxed))
    }

    #[test]
    fn room_is_taken_and_given_back() {
        let (of_all, of_app): (Arc<Room>, Arc<Room>) = Default::default();
        let mut kept = Kept::within(&of_all, &of_app);
        (0..3).for_each(|_| kept.keep(&Bytes::from("xyz"), false));
        kept.keep(&Bytes::from(vec![0; 64 << 10]), false);
        assert_eq!((kept.concat().len(), held(&of_all), held(&of_app)), (65_545, (65_536, 9), (65_536, 9)));
        kept.keep(&Bytes::from(vec![0; 11 << 20]), true);
        assert!(kept.is_lost && kept.concat().is_empty());
        assert_eq!((held(&of_all), held(&of_app)), ((0, 0), (0, 0)));
    }

    #[test]
    fn large_envelopes_and_other_apps_leave_room_for_a_small_one() {
        let (of_all, of_app, of_other): (Arc<Room>, Arc<Room>, Arc<Room>) = Default::default();
        let keep = |room: &Arc<Room>, bytes: usize| {
            let mut kept = Kept::within(&of_all, room);
            kept.keep(&Bytes::from(vec![0; bytes]), true);
            kept
        };
        let large: Vec<_> = (0..3).map(|_| keep(&of_app, 9 << 20)).collect();
        assert_eq!(large.iter().map(|kept| kept.is_lost).collect::<Vec<_>>(), [false, true, true]);
        let others: Vec<_> = (0..3).map(|_| keep(&of_other, 9 << 20)).collect();
        assert_eq!(others.iter().map(|kept| kept.is_lost).collect::<Vec<_>>(), [false, true, true]);
        assert!(!keep(&of_app, 2_000).is_lost && !keep(&of_other, 64 << 10).is_lost);
    }
}
