//! Markdown as people write it into an incident's update: for pages as HTML, for mails and feeds as plain text.
//!
//! Whoever may write an update is not thereby trusted with the visitors of a page. So three fences stand behind each
//! other: raw HTML is text from the start; only known constructs pass, with links to the web and to mail alone; and what
//! comes out is cleaned once more as a browser would read it. Time and output are bounded: what is longer than 20,000
//! characters is cut, and what is nested deeper than 16 is laid flat.

mod html;
mod plain;
mod source;

pub use html::html;
pub use plain::{line, text};
