//! What people read: phrases in their language, instants and figures, and Markdown.
//!
//! Pages, feeds and mails say the same things, and none of their rooms may know the others: so the wording stands in a
//! room of its own. A language is one file, `locales/<tag>.ftl`, embedded when the crate is built; a phrase that it lacks
//! is said in English. Fluent was taken over tables of strings because plurals, word order and the decimal sign then
//! belong to the translator; the names of months and weekdays come from glibc's tables, through chrono. ICU was rejected:
//! it knows all of this and more, for megabytes of data. Written figures follow the rule of the whole program that a
//! percentage is floored.

mod dates;
mod figures;
mod language;
mod locale;
pub mod markdown;
mod statuses;
mod words;

pub use dates::Moment;
pub use locale::Locale;
pub use words::{Arg, Words};
