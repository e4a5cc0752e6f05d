//! Markdown as plain text: for mails, for the summaries of feeds and for what a search engine shows.

use std::mem;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::source::{events, tidy};

/// The text without its marks: paragraphs apart, points of lists under each other, and the address of a link in
/// parentheses behind its words.
pub fn text(text: &str) -> String {
    Plain::of(text, true)
}

/// The text in one line of at most `max` characters, cut after a word with an ellipsis; links without their addresses.
pub fn line(text: &str, max: usize) -> String {
    let words: Vec<String> = Plain::of(text, false).split_whitespace().map(str::to_owned).collect();
    cut(&words.join(" "), max)
}

fn cut(line: &str, max: usize) -> String {
    let Some((limit, _)) = line.char_indices().nth(max) else { return line.to_owned() };
    let Some(room) = line[..limit].char_indices().next_back().map(|(at, _)| at) else { return String::new() };
    // The last character makes room for the ellipsis.
    let end = line[..limit].rfind(' ').filter(|end| *end > 0).unwrap_or(room);
    format!("{}…", line[..end].trim_end_matches([' ', ',', ';', ':', '-', '–', '.']))
}

/// What is written so far.
#[derive(Default)]
struct Plain {
    out: String,
    /// The number of the next point of each open list; `None` where points have no number.
    lists: Vec<Option<u64>>,
    /// How many lines the next point stands below what is written.
    above: usize,
    /// Whether a point has begun and nothing stands in it yet.
    begun: bool,
    /// The address of the open link, and where its words begin.
    link: Option<(String, usize)>,
    addresses: bool,
}

impl Plain {
    fn of(text: &str, addresses: bool) -> String {
        let source = tidy(text);
        let mut plain = Self { addresses, ..Self::default() };
        for event in events(&source) {
            plain.take(event);
        }
        plain.out.trim().to_owned()
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(TagEnd::Link) => self.end_link(),
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
            }
            Event::Text(words) | Event::Code(words) => self.write(&words),
            Event::HardBreak => {
                self.write("\n");
                self.indent();
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            // Right behind the mark of a point that has just begun.
            Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::BlockQuote(_) if self.begun => {}
            Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::BlockQuote(_) => {
                self.apart(2);
                self.indent();
            }
            Tag::List(first) => {
                self.above = if self.lists.is_empty() { 2 } else { 1 };
                self.lists.push(first);
            }
            Tag::Item => self.point(),
            Tag::Link { dest_url, .. } => self.link = Some((dest_url.into_string(), self.out.len())),
            _ => {}
        }
    }

    fn point(&mut self) {
        let above = mem::replace(&mut self.above, 1);
        self.apart(above);
        self.out.push_str(&"  ".repeat(self.lists.len().saturating_sub(1)));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.out.push_str(&[&number.to_string(), ". "].concat());
                *number += 1;
            }
            _ => self.out.push_str("- "),
        }
        self.begun = true;
    }

    fn end_link(&mut self) {
        let Some((address, from)) = self.link.take().filter(|_| self.addresses) else { return };
        let words = self.out.get(from..).unwrap_or_default().trim();
        if words != address && format!("mailto:{words}") != address {
            self.out.push_str(&[" (", &address, ")"].concat());
        }
    }

    fn write(&mut self, words: &str) {
        self.out.push_str(words);
        self.begun = false;
    }

    /// Stands under the words of the open point.
    fn indent(&mut self) {
        self.out.push_str(&"  ".repeat(self.lists.len()));
    }

    /// Begins a block so many lines below what is written.
    fn apart(&mut self, lines: usize) {
        self.out.truncate(self.out.trim_end().len());
        if !self.out.is_empty() {
            self.out.push_str(&"\n".repeat(lines));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_gone_and_the_shape_stays() {
        let written = "# Now\nWe *are* on `it`.\nSee [here](https://a.b/c) or <https://d.e>.\n\n- one\n  - two\n\n  more\n- three\n\n7. x\n8. y\n\n> so\n\n<b>raw</b>";
        let want = "Now\n\nWe are on it.\nSee here (https://a.b/c) or https://d.e.\n\n- one\n  - two\n\n  more\n- three\n\n7. x\n8. y\n\nso\n\n<b>raw</b>";
        assert_eq!(text(written), want);
        assert_eq!(text("<me@a.b> [x](javascript:y)"), "me@a.b x");
        assert_eq!(text("  \n\u{0}\u{b}"), "");
    }

    #[test]
    fn one_line_is_cut_after_a_word() {
        let written = "The *quick*, brown\n\nfox [jumps](https://a.b)";
        assert_eq!(line(written, 100), "The quick, brown fox jumps");
        assert_eq!(line(written, 26), "The quick, brown fox jumps");
        assert_eq!(line(written, 25), "The quick, brown fox…");
        assert_eq!(line(written, 11), "The quick…");
        assert_eq!(line(written, 10), "The…");
        assert_eq!(line("Överbelastning", 5), "Över…");
        assert_eq!((line(written, 1), line(written, 0)), ("…".to_owned(), String::new()));
    }
}
