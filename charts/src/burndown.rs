//! What is drawn, and the document it is drawn in.

use std::slice;

use askama::Template;

use plimsoll_domain::time::Timestamp;

use crate::phrases::{English, Phrases};
use crate::view::{View, WIDTH};

/// Empty space around a picture that stands alone, in its units.
const PADDING: u32 = 10;

/// Empty space between two charts of one document.
const BETWEEN: u32 = 18;

/// What a picture begins below when the page around it says its headline.
const HEADLINE: u32 = 38;

/// Pixels to a unit in a picture that nothing else gives a size.
const NATURAL_SCALE: f64 = 1.6;

/// One error budget over one stretch of time.
#[derive(Clone, Copy, Debug)]
pub struct Burndown<'a> {
    /// What the budget is of: any text, shortened where it is drawn and in full in the description.
    pub title: &'a str,
    /// The left edge.
    pub from: Timestamp,
    /// The right edge; at least an hour after `from` is drawn.
    pub to: Timestamp,
    /// What remained when, the oldest first. Those before `from` are left out; those after `to` count at `to`, as the
    /// newest reading stands at the end of the tick that is running.
    pub points: &'a [Point],
    /// What remains now, for the label; `None` when that is not known, and the label is the last that was.
    pub remaining: Option<f64>,
    /// Where it is shown.
    pub look: Look,
}

/// What remained of the budget at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The instant.
    pub at: Timestamp,
    /// 1 when untouched, 0 when used up, negative when overdrawn. `None` (or no finite number): nothing was known then,
    /// which is a gap in the line, never a line through it.
    pub remaining_ratio: Option<f64>,
}

/// Where a picture is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As a document or an image of its own: carries its style, light and dark.
    Standalone,
    /// Inside a page that styles it: no style element, no style attribute.
    Inline,
}

/// Draws one chart as an SVG document.
pub fn burndown(chart: &Burndown<'_>) -> String {
    burndowns(slice::from_ref(chart))
}

/// Draws one chart for a page that says its title and its figures itself: without a headline, and in the page's words.
/// `described` is for who does not see it.
pub fn burndown_in(chart: &Burndown<'_>, described: &str, phrases: &dyn Phrases) -> String {
    let mut view = View::of(chart, phrases);
    view.described = crate::words::clean(described);
    (view.short_title, view.said) = (String::new(), String::new());
    let mut document = Document::new(vec![view], false);
    let height = document.charts[0].view.height - HEADLINE;
    document.frame = format!("0 {HEADLINE} {WIDTH} {height}");
    document.render().expect("a template of plain values renders")
}

/// Draws several charts under one another in one SVG document, in the look of the first. None at all is a document that
/// says so.
pub fn burndowns(charts: &[Burndown<'_>]) -> String {
    let standalone = charts.first().is_none_or(|chart| chart.look == Look::Standalone);
    let views: Vec<_> = charts.iter().map(|chart| View::of(chart, &English)).collect();
    Document::new(views, standalone).render().expect("a template of plain values renders")
}

#[derive(Template)]
#[template(path = "document.svg")]
struct Document {
    charts: Vec<Placed>,
    frame: String,
    /// Width and height in pixels, of a picture that stands alone.
    natural: Option<(String, String)>,
}

struct Placed {
    top: u32,
    width: u32,
    view: View,
}

impl Document {
    fn new(views: Vec<View>, standalone: bool) -> Self {
        let mut charts = Vec::with_capacity(views.len());
        let mut next = 0;
        for view in views {
            let top = next;
            next += view.height + BETWEEN;
            charts.push(Placed { top, width: WIDTH, view });
        }
        let padding = if standalone { PADDING } else { 0 };
        let width = WIDTH + 2 * padding;
        let height = next.saturating_sub(BETWEEN).max(BETWEEN) + 2 * padding;
        let pixels = |units: u32| format!("{:.0}", f64::from(units) * NATURAL_SCALE);
        Self {
            charts,
            frame: format!("-{padding} -{padding} {width} {height}"),
            natural: standalone.then(|| (pixels(width), pixels(height))),
        }
    }
}
