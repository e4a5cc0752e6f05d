//! The burn-down of an error budget, and how fast something answered, each as one self-contained SVG: no script, no font, no
//! outside request.
//!
//! The API answers with it and the status page shows it, and these two may not know each other: so it stands in a room of
//! its own, which knows the domain's instants and nothing else. A chart library was rejected: none draws gaps as gaps,
//! says its figures in words and lives under a content policy without inline styles.
//!
//! What a page needs to know for [`Look::Inline`]: the picture is made of classes and presentation attributes, legible as
//! it stands in the text colour. `templates/burndown.css` dresses it; it is the same sheet that [`Look::Standalone`]
//! carries inside, and reads the custom properties `--ink`, `--soft`, `--line`, `--link` and `--down`. The picture is 384
//! units wide whatever its width on the screen, so that the page chooses a font size in those units for each width:
//! 13.5 px below 420 px, 10.5 px up to 560 px, 8.6 px above. A page says what it shows in its own language: [`burndown_in`]
//! takes its [`Phrases`], and leaves out the headline that the page has itself. [`latency()`] is as wide, lives in a page
//! alone, is dressed by `templates/latency.css`, and has all its words from the page.

mod axes;
mod burndown;
mod curve;
mod latency;
mod phrases;
mod series;
mod view;
mod words;

pub use burndown::{Burndown, Look, Point, burndown, burndown_in, burndowns};
pub use latency::{Latency, Quantiles, latency};
pub use phrases::Phrases;
