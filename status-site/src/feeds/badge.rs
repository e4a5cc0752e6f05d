//! How things are as a small picture, for a README or another site.
//!
//! It is plain SVG: no script, no style, no font that would have to be fetched. Each text is told its width, so that it
//! fits its box in whatever font it is shown.

use askama::Template;
use plimsoll_domain::incident::ComponentStatus;

use super::named::one_line;
use crate::scene::Scene;

const PADDING: u32 = 6;
const LONGEST_NAME: usize = 60;
/// What stands behind the name; white on it, as on every colour below, has a contrast of over 4.5 (WCAG AA).
const NAME_COLOUR: &str = "#2b3137";

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<svg xmlns="http://www.w3.org/2000/svg" width="{{ width }}" height="20" viewBox="0 0 {{ width }} 20" role="img" aria-label="{{ title }}">
<title>{{ title }}</title>
<rect width="{{ width }}" height="20" rx="3" fill="{{ name_colour }}"/>
<path d="M{{ seam }} 0h{{ right }}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{{ right }}z" fill="{{ colour }}"/>
<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">
<text x="6" y="14" textLength="{{ name_width }}" lengthAdjust="spacingAndGlyphs">{{ name }}</text>
<text x="{{ status_at }}" y="14" textLength="{{ status_width }}" lengthAdjust="spacingAndGlyphs">{{ status }}</text>
</g>
</svg>
"##
)]
struct Badge<'a> {
    width: u32,
    seam: u32,
    /// How wide the box of the status is without its round corners.
    right: u32,
    status_at: u32,
    name_width: u32,
    status_width: u32,
    name_colour: &'a str,
    colour: &'a str,
    title: &'a str,
    name: &'a str,
    status: &'a str,
}

/// How the page, or one component of it, is: `image/svg+xml`. `None`: the page shows no such component. When the snapshot is
/// overdue, how things are is not known, and the badge says so: it has no room to tell its age.
pub(crate) fn badge(scene: &Scene<'_>, component: Option<&str>) -> Option<String> {
    let (name, status) = match component {
        None => (scene.title(), scene.snapshot.overall),
        Some(id) => {
            let figure = scene.snapshot.components.iter().find(|figure| figure.id.as_str() == id)?;
            (figure.name.as_str(), figure.status)
        }
    };
    let status = if scene.fresh.is_stale() { ComponentStatus::Unknown } else { status };
    Some(drawn(&short(&one_line(name)), &scene.words.component_status(status), colour(status), scene))
}

fn drawn(name: &str, status: &str, colour: &str, scene: &Scene<'_>) -> String {
    let title = scene.words.say_with("feed-component", &[("name", name.into()), ("status", status.into())]);
    let (name_width, status_width) = (width(name), width(status));
    let seam = name_width + 2 * PADDING;
    let badge = Badge {
        width: seam + status_width + 2 * PADDING,
        seam,
        right: status_width + 2 * PADDING - 3,
        status_at: seam + PADDING,
        name_width,
        status_width,
        name_colour: NAME_COLOUR,
        colour,
        title: &title,
        name,
        status,
    };
    badge.render().expect("the template writes to memory and calls nothing that fails")
}

const fn colour(status: ComponentStatus) -> &'static str {
    match status {
        ComponentStatus::Operational => "#1a7f37",
        ComponentStatus::UnderMaintenance => "#0a66c2",
        ComponentStatus::Unknown => "#57606a",
        ComponentStatus::DegradedPerformance => "#8a6100",
        ComponentStatus::PartialOutage => "#b34700",
        ComponentStatus::MajorOutage => "#c62828",
    }
}

fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

/// How wide a text is in Verdana of 11 pixels, in whole pixels up.
fn width(text: &str) -> u32 {
    text.chars().map(tenths).sum::<u32>().div_ceil(10).max(1)
}

/// In tenths of a pixel, after the font's own table of widths.
const fn tenths(c: char) -> u32 {
    match c {
        'i' | 'j' | 'l' | '\'' => 31,
        ' ' | '.' | ',' | 'f' | 't' | 'I' | '|' => 43,
        'r' | 's' | '-' | '!' | ':' | ';' | '(' | ')' | '/' => 52,
        'c' | 'k' | 'v' | 'x' | 'y' | 'z' | 'J' => 60,
        'a' | 'b' | 'd' | 'e' | 'g' | 'h' | 'n' | 'o' | 'p' | 'q' | 'u' | 'L' | 'F' | 'T' | '0'..='9' => 69,
        'm' | 'w' | 'W' | '%' | '@' | '…' => 108,
        'M' | 'O' | 'Q' | 'D' | 'G' | 'N' | 'H' | 'U' | '+' | '=' | '<' | '>' => 88,
        // What is written in squares.
        '\u{1100}'.. => 115,
        _ => 76,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of `#rrggbb` (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("hex")) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn white_is_read_on_every_colour() {
        use ComponentStatus::{
            DegradedPerformance, MajorOutage, Operational, PartialOutage, UnderMaintenance, Unknown,
        };
        let all = [Operational, UnderMaintenance, Unknown, DegradedPerformance, PartialOutage, MajorOutage];
        for colour in all.map(colour).into_iter().chain([NAME_COLOUR]) {
            let contrast = 1.05 / (luminance(colour) + 0.05);
            assert!(contrast >= 4.5, "{colour}: {contrast:.2}");
        }
    }

    #[test]
    fn a_text_is_as_wide_as_its_letters() {
        assert!(width("WWWW") > 2 * width("illi") && width("漢字") > width("ab"));
        // As a browser measures it in Verdana: 68 px.
        assert!((64..=72).contains(&width("Operational")), "{}", width("Operational"));
        assert_eq!(width(""), 1);
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(short(&"ö".repeat(60)).chars().count(), 60);
        let cut = short(&"ö".repeat(61));
        assert!(cut.chars().count() == 60 && cut.ends_with('…'));
    }
}
