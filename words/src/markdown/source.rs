//! What is understood of Markdown: the stream of constructs that both outputs are made of.

use std::mem;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

/// Characters that are read; an update may have 4,000.
const LONGEST: usize = 20_000;
/// Constructs inside each other. A browser's parser takes time by the depth for each element.
const DEEPEST: usize = 16;

/// The text as it is parsed: cut to [`LONGEST`], its lines ended by `\n`, without the characters that XML forbids.
pub(super) fn tidy(text: &str) -> String {
    let mut end = text.char_indices().map(|(at, _)| at).skip(LONGEST);
    let cut = end.next();
    let read = &text[..cut.unwrap_or(text.len())];
    let lines = read.replace("\r\n", "\n").replace('\r', "\n");
    let is_plain = |c: &char| matches!(c, '\n' | '\t') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    lines.chars().filter(is_plain).chain(cut.map(|_| '…')).collect()
}

/// The constructs of a tidy text: only those that may be shown, properly nested, and a break for each line's end.
pub(super) fn events(source: &str) -> impl Iterator<Item = Event<'_>> {
    let mut sieve = Sieve::default();
    Parser::new_ext(source, Options::ENABLE_STRIKETHROUGH).flat_map(move |event| sieve.pass(event)).flatten()
}

/// Lets through what may be shown.
#[derive(Default)]
struct Sieve {
    /// Of each open construct, whether it is shown.
    open: Vec<bool>,
    /// How many of them are.
    depth: usize,
    /// Whether a line of raw HTML stands before the next one.
    raw: bool,
}

impl Sieve {
    fn pass<'a>(&mut self, event: Event<'a>) -> [Option<Event<'a>>; 2] {
        match event {
            Event::Start(tag) => [self.start(tag), None],
            Event::End(end) => [self.end(end), None],
            Event::Html(line) => {
                let between = mem::replace(&mut self.raw, true).then_some(Event::HardBreak);
                [between, Some(Event::Text(line.trim_end_matches('\n').to_owned().into()))]
            }
            Event::InlineHtml(raw) => [Some(Event::Text(raw)), None],
            Event::SoftBreak => [Some(Event::HardBreak), None],
            Event::Text(_) | Event::Code(_) | Event::HardBreak => [Some(event), None],
            _ => [None, None],
        }
    }

    fn start<'a>(&mut self, tag: Tag<'a>) -> Option<Event<'a>> {
        self.raw = false;
        let shown = shown(tag).filter(|_| self.depth < DEEPEST);
        self.depth += usize::from(shown.is_some());
        self.open.push(shown.is_some());
        shown.map(Event::Start)
    }

    fn end<'a>(&mut self, end: TagEnd) -> Option<Event<'a>> {
        if !self.open.pop().expect("the parser closes what it opened") {
            return is_block(end).then_some(Event::HardBreak);
        }
        self.depth -= 1;
        Some(Event::End(shown_end(end)))
    }
}

/// A construct as it is shown: headings from the third level on, no language of code, no title of a link. `None`: only
/// what stands in it is shown.
fn shown(tag: Tag<'_>) -> Option<Tag<'_>> {
    match tag {
        Tag::Paragraph | Tag::HtmlBlock => Some(Tag::Paragraph),
        Tag::Heading { level, .. } => {
            Some(Tag::Heading { level: below(level), id: None, classes: Vec::new(), attrs: Vec::new() })
        }
        Tag::BlockQuote(_) => Some(Tag::BlockQuote(None)),
        Tag::CodeBlock(_) => Some(Tag::CodeBlock(CodeBlockKind::Indented)),
        Tag::List(_) | Tag::Item | Tag::Emphasis | Tag::Strong | Tag::Strikethrough => Some(tag),
        Tag::Link { link_type, dest_url, .. } => {
            let dest_url = target(link_type, dest_url)?;
            Some(Tag::Link {
                link_type: LinkType::Inline,
                dest_url,
                title: CowStr::Borrowed(""),
                id: CowStr::Borrowed(""),
            })
        }
        _ => None,
    }
}

fn shown_end(end: TagEnd) -> TagEnd {
    match end {
        TagEnd::HtmlBlock => TagEnd::Paragraph,
        TagEnd::Heading(level) => TagEnd::Heading(below(level)),
        TagEnd::BlockQuote(_) => TagEnd::BlockQuote(None),
        other => other,
    }
}

/// Whether what follows stands apart.
const fn is_block(end: TagEnd) -> bool {
    matches!(end, TagEnd::Paragraph | TagEnd::HtmlBlock | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Item)
}

/// The page has the two uppermost levels for itself.
const fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H4,
        HeadingLevel::H3 => HeadingLevel::H5,
        HeadingLevel::H4 | HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

/// Where a link may lead: to the web or to mail, by an address of its own.
fn target(link_type: LinkType, url: CowStr<'_>) -> Option<CowStr<'_>> {
    if link_type == LinkType::Email {
        return Some(format!("mailto:{url}").into());
    }
    let starts = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    ["https://", "http://", "mailto:"].into_iter().any(starts).then_some(url)
}
