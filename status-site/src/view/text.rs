//! What people write in Markdown, as HTML that fits where it stands: its headings follow those of the page without skipping
//! a level, whatever levels were written.

use plimsoll_words::markdown;

const HEADINGS: [&str; 4] = ["h3", "h4", "h5", "h6"];

/// The text as HTML that is clean, with all its headings of this level.
pub(crate) fn html(text: &str, level: u8) -> String {
    let tag = format!("h{level}");
    replaced(text, (&format!("<{tag}>"), &format!("</{tag}>")))
}

/// The text as HTML that is clean, with its headings as paragraphs: for where no heading may stand.
pub(crate) fn html_without_headings(text: &str) -> String {
    replaced(text, ("<p><strong>", "</strong></p>"))
}

/// Tags are told from text by their angle brackets, which clean HTML has nowhere else; its headings have no attributes.
fn replaced(text: &str, (begin, end): (&str, &str)) -> String {
    let html = markdown::html(text);
    HEADINGS
        .iter()
        .fold(html, |html, heading| html.replace(&format!("<{heading}>"), begin).replace(&format!("</{heading}>"), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_follow_those_of_the_page_whatever_was_written() {
        let written = "### Why\nBecause.\n\n# So\n`<h3>` stays text";
        let want = "<h4>Why</h4>\n<p>Because.</p>\n<h4>So</h4>\n<p><code>&lt;h3&gt;</code> stays text</p>";
        assert_eq!(html(written, 4), want);
        assert!(html(written, 3).starts_with("<h3>Why</h3>"));
        assert!(html_without_headings(written).starts_with("<p><strong>Why</strong></p>"));
    }
}
