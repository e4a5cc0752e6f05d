//! Markdown as HTML that may stand in a page of ours.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::html::push_html;

use super::source::{events, tidy};

/// Every element that comes out.
const ELEMENTS: [&str; 16] =
    ["p", "br", "em", "strong", "del", "code", "pre", "ul", "ol", "li", "blockquote", "a", "h3", "h4", "h5", "h6"];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::empty();
    cleaner.tags(HashSet::from(ELEMENTS));
    // A list may begin with another number than 1, which is not for the stylesheet to know.
    cleaner.tag_attributes(HashMap::from([("a", HashSet::from(["href"])), ("ol", HashSet::from(["start"]))]));
    cleaner.generic_attributes(HashSet::new());
    cleaner.url_schemes(HashSet::from(["http", "https", "mailto"]));
    cleaner.url_relative(UrlRelative::Deny);
    cleaner.link_rel(Some("noopener nofollow ugc"));
    cleaner
});

/// The text as HTML: paragraphs, lists, quotations, code, emphasis, links to the web and to mail, and headings from `h3`
/// on. Every line's end is a `<br>`; raw HTML is shown as it was written; images are shown as their descriptions.
pub fn html(text: &str) -> String {
    let source = tidy(text);
    let mut written = String::with_capacity(source.len() * 2);
    push_html(&mut written, events(&source));
    CLEANER.clean(&written).to_string().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_shown_as_they_mean_it() {
        let cases = [
            (
                "We *are* on **it**.\nMore at ~~noon~~ one.",
                "<p>We <em>are</em> on <strong>it</strong>.<br>\nMore at <del>noon</del> one.</p>",
            ),
            ("One\n\nTwo", "<p>One</p>\n<p>Two</p>"),
            ("# One\n### Three\n###### Six", "<h3>One</h3>\n<h5>Three</h5>\n<h6>Six</h6>"),
            ("- a\n- `b`", "<ul>\n<li>a</li>\n<li><code>b</code></li>\n</ul>"),
            ("3. c\n4. d", "<ol start=\"3\">\n<li>c</li>\n<li>d</li>\n</ol>"),
            ("> so", "<blockquote>\n<p>so</p>\n</blockquote>"),
            ("```rust\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
            ("![a cat](https://a.b/c.png)", "<p>a cat</p>"),
            ("https://a.b stays text", "<p>https://a.b stays text</p>"),
            ("", ""),
        ];
        for (text, want) in cases {
            assert_eq!(html(text), want);
        }
    }

    #[test]
    fn a_link_leads_to_the_web_or_to_mail_and_vouches_for_nothing() {
        let rel = "rel=\"noopener nofollow ugc\"";
        assert_eq!(
            html("[x](HTTPS://a.b/?c&d 'title')"),
            format!("<p><a href=\"HTTPS://a.b/?c&amp;d\" {rel}>x</a></p>")
        );
        assert_eq!(html("<me@a.b>"), format!("<p><a href=\"mailto:me@a.b\" {rel}>me@a.b</a></p>"));
        for elsewhere in ["/admin", "//a.b", "#top", "ftp://a.b", "javascript:alert(1)", "data:text/html,x", "?q"] {
            assert_eq!(html(&format!("[x]({elsewhere})")), "<p>x</p>", "{elsewhere}");
        }
    }

    #[test]
    fn raw_html_is_shown_as_it_was_written() {
        assert_eq!(html("a <b>c</b>"), "<p>a &lt;b&gt;c&lt;/b&gt;</p>");
        assert_eq!(html("<div>\nx\n</div>"), "<p>&lt;div&gt;<br>\nx<br>\n&lt;/div&gt;</p>");
    }
}
