//! What a text may cost: of a long one the beginning is kept, and how much was left out is said.

use std::borrow::Cow;
use std::fmt::{self, Write};

use super::mask_text;

/// How many bytes of a text are written.
pub const TEXT_BYTES: usize = 8 * 1024;
/// How many bytes of fields a line has; what comes after is only named.
pub const LINE_BYTES: usize = 32 * 1024;
/// Room for what is usually printed: an address, an id, a short error.
const USUAL_BYTES: usize = 64;
/// What of a text is looked at besides, so that a secret at the cut is seen whole.
const BESIDES: usize = 1024;

/// `text` masked, and with its first 8 KiB only.
pub fn fit(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_BYTES {
        return mask_text(text);
    }
    cut(&text[..text.floor_char_boundary(TEXT_BYTES + BESIDES)], text.len())
}

/// The beginning of a text of `whole` bytes, masked before it is cut.
fn cut(beginning: &str, whole: usize) -> Cow<'static, str> {
    let masked = mask_text(beginning);
    let kept = &masked[..masked.floor_char_boundary(TEXT_BYTES)];
    Cow::Owned(format!("{kept}… ({} more bytes)", whole.saturating_sub(TEXT_BYTES)))
}

/// Takes what is written to it: keeps the beginning, and counts the rest. However much it is, it holds 9 KiB.
#[derive(Debug, Default)]
pub struct Bounded {
    text: String,
    whole: usize,
}

impl Bounded {
    /// What `value` prints in debug form, as far as it is kept.
    pub fn debug(value: &dyn fmt::Debug) -> Self {
        let mut bounded = Self { text: String::with_capacity(USUAL_BYTES), whole: 0 };
        // A value that cannot be printed is printed as far as it can.
        let _printed = write!(bounded, "{value:?}");
        bounded
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.text.capacity()
    }

    /// The same as [`fit`] of everything that was written.
    pub fn fit(&self) -> Cow<'_, str> {
        if self.whole <= TEXT_BYTES { mask_text(&self.text) } else { cut(&self.text, self.whole) }
    }
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = (TEXT_BYTES + BESIDES).saturating_sub(self.text.len());
        // Nothing is kept behind what was left out.
        if self.whole == self.text.len() {
            self.text.push_str(&part[..part.floor_char_boundary(room)]);
        }
        self.whole += part.len();
        Ok(())
    }
}
