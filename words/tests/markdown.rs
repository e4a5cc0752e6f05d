//! What Markdown becomes, read as a browser reads it: whatever is written, only a few harmless constructs come out.

use std::collections::BTreeSet;

use plimsoll_words::markdown::{html, line, text};
use proptest::prelude::*;
use scraper::Html;

const ELEMENTS: [&str; 16] =
    ["p", "br", "em", "strong", "del", "code", "pre", "ul", "ol", "li", "blockquote", "a", "h3", "h4", "h5", "h6"];
const SCHEMES: [&str; 3] = ["http://", "https://", "mailto:"];
const REL: &str = "noopener nofollow ugc";

/// What would run, load or dress if it came through as markup.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "<ScRiPt src=//e.vil/x.js></sCrIpT>",
    "<script\n>alert(1)</script\n>",
    "<<script>script>alert(1)<</script>/script>",
    "<script/x>alert(1)</script/x>",
    "</p><script>alert(1)</script><p>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<IMG \"\"\"><SCRIPT>alert(1)</SCRIPT>\">",
    "<svg onload=alert(1)>",
    "<svg><script>alert&#40;1&#41;</script></svg>",
    "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>",
    "<math><mi xlink:href=\"data:x,<script>alert(1)</script>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<link rel=stylesheet href=//e.vil>",
    "<base href=//e.vil/>",
    "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
    "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
    "<object data=data:text/html;base64,PHNjcmlwdD4=></object>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<details open ontoggle=alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<p style=position:fixed class=x id=y>x</p>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?><!DOCTYPE html><html><body onload=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<template><script>alert(1)</script></template>",
    "<textarea></textarea><script>alert(1)</script>",
    "<title></title><plaintext><xmp>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](<java\tscript:alert(1)>)",
    "[x](java&#x0A;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](&#x01;javascript:alert(1))",
    "[x](\u{1}javascript:alert(1))",
    "[x](jav\\ascript:alert(1))",
    "[x](//javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://a.b/c)",
    "[x](https://a.b/\"onmouseover=\"alert(1))",
    "[x](<https://a.b/\" onmouseover=alert(1) x=\">)",
    "[x](https://a.b \"t\\\" onmouseover=alert(1)\")",
    "[x](https://a.b '\"><script>alert(1)</script>')",
    "[x][y]\n\n[y]: javascript:alert(1) \"t\"",
    "[y]\n\n[y]: <data:text/html,<script>alert(1)</script>>",
    "[[[x](javascript:alert(1))](https://a.b)](javascript:alert(2))",
    "[![x](javascript:alert(1))](javascript:alert(2))",
    "![x](https://a.b/c.png \"onerror=alert(1)\")",
    "![x](\"onerror=\"alert(1))",
    "![![x](javascript:a)](javascript:b)",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "<https://a.b/?\"onmouseover=alert(1)>",
    "<x@a.b?subject=\"onload=1>",
    "# <script>alert(1)</script> {#id .class onload=x}",
    "```<script>alert(1)</script>\" onload=\"x\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "> <div onclick=alert(1)>\n> </blockquote>",
    "- <li onclick=alert(1)>\n</ul><script>alert(1)</script>",
    "|a|\n|-|\n|<td onclick=alert(1)>|",
    "x[^1]\n\n[^1]: <script>alert(1)</script>",
    "\u{0}<\u{0}script>alert(1)</script>",
    "<scr\u{0}ipt>alert(1)</scr\u{0}ipt>",
    "\u{feff}<script>alert(1)</script>",
    "\u{2028}<img src=x\u{a0}onerror=alert(1)>",
    "\u{1b}[31m<b>\u{7f}\u{85}</b>",
    "＜script＞alert(1)＜/script＞",
];

/// Holds an output against the list of what may come out.
fn assert_harmless(written: &str) {
    assert_harmless_as(written, &html(written));
}

fn assert_harmless_as(written: &str, out: &str) {
    for element in Html::parse_fragment(out).root_element().descendent_elements().skip(1) {
        let name = element.value().name();
        assert!(ELEMENTS.contains(&name), "{written:?} became {name} in {out:?}");
        for (attribute, value) in element.value().attrs() {
            let allowed = match (name, attribute) {
                ("a", "href") => SCHEMES.iter().any(|scheme| value.to_ascii_lowercase().starts_with(scheme)),
                ("a", "rel") => value == REL,
                ("ol", "start") => value.parse::<u32>().is_ok(),
                _ => false,
            };
            assert!(allowed, "{written:?} became {attribute}={value:?} on {name} in {out:?}");
        }
        assert!(name != "a" || element.attr("rel") == Some(REL), "{out}");
    }
}

fn assert_plain(written: &str) {
    for out in [text(written), line(written, 80), html(written)] {
        let wrong = out.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(wrong, None, "{written:?} became {out:?}");
    }
    let one = line(written, 80);
    assert!(!one.contains('\n') && one.chars().count() <= 80, "{one:?}");
}

#[test]
fn nothing_hostile_comes_through() {
    for written in HOSTILE {
        for around in
            [(*written).to_owned(), format!("a {written} b"), format!("a\n\n{written}\n\nb"), format!("* {written}")]
        {
            assert_harmless(&around);
            assert_plain(&around);
        }
    }
    assert_harmless(&HOSTILE.concat());
    assert_harmless(&HOSTILE.join("\n"));
}

#[test]
fn the_list_is_no_longer_than_what_can_come_out() {
    let all = "# a\n## b\n### c\n#### d\n\n1. e\n\n- f\n\n> *g* **h** ~~i~~ `j` [k](https://l)  \nm\n\n    n";
    let parsed = Html::parse_fragment(&html(all));
    let found: BTreeSet<_> = parsed.root_element().descendent_elements().skip(1).map(|e| e.value().name()).collect();
    assert_eq!(found, BTreeSet::from(ELEMENTS));
}

/// Each of these would take a careless parser quadratic time, deep recursion or an output without bound.
#[test]
fn hostile_shapes_stay_small() {
    let many = |part: &str| part.repeat(20_000 / part.chars().count());
    let references = format!("{}\n\n[a]: https://a.b/{}", "[a]".repeat(3_000), "c".repeat(9_000));
    let shapes =
        ["> ", ">", "- ", "1. ", "[", "![", "](", "*", "*a ", "**a *b ", "_a__b", "`", "`a``", "<", "<b>", "</b>"];
    let more =
        ["&", "&#", "\\", "\n> - ", "[a](", "[](<", "<!--", "<a@b>", "~~a", "#\n", "\t", "\"", "<https://a>", "😀"];
    let shapes = shapes.iter().chain(&more).map(|part| many(part)).chain([references]);
    let nested = (0..190).map(|depth| [&" ".repeat(depth), "- a\n"].concat()).collect::<Vec<_>>().concat();
    for written in shapes.chain([nested, format!("{}a{}", many("*"), many("*"))]) {
        let out = html(&written);
        assert!(out.len() < 2_000_000, "{:?}… became {} bytes", &written.get(..8), out.len());
        assert_harmless_as(&written, &out);
        assert!(text(&written).len() < 200_000 && line(&written, 80).chars().count() <= 80);
    }
}

#[test]
fn what_is_too_long_is_cut_with_an_ellipsis() {
    assert_eq!(text(&"å".repeat(20_000)).chars().count(), 20_000);
    let cut = text(&"å".repeat(30_000));
    assert!(cut.chars().count() == 20_001 && cut.ends_with('…'));
}

/// Pieces of Markdown and of HTML, which meet each other in more ways than a list has.
fn pieces() -> impl Strategy<Value = String> {
    let marks = r#"< > </ /> " ' = & &# ; ( ) [ ] ![ ]( ` ``` ~~ * _ # \ : // <!-- --> {#x .y} a b@c.d é"#.split(' ');
    let names = "script img svg style <a href onerror javascript data https mailto".split(' ');
    let blanks = ["\n", "\n\n", "    ", " ", "\t", "> ", "- ", "1. ", "\u{0}", "\u{a0}"];
    let parts: Vec<&'static str> = marks.chain(names).chain(blanks).collect();
    prop::collection::vec(prop::sample::select(parts), 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_text_becomes_something_harmless(written in any::<String>()) {
        assert_harmless(&written);
        assert_plain(&written);
    }

    #[test]
    fn any_pieces_of_markup_become_something_harmless(written in pieces()) {
        assert_harmless(&written);
        assert_plain(&written);
    }

    #[test]
    fn words_are_kept(words in prop::collection::vec("[a-zåäö]{1,9}", 1..30)) {
        let written = words.join(" ");
        prop_assert_eq!(html(&written), format!("<p>{written}</p>"));
        prop_assert_eq!(text(&written), written.as_str());
        prop_assert_eq!(line(&written, 400), written);
    }

    #[test]
    fn a_line_is_cut_after_a_word_where_one_fits(words in prop::collection::vec("[a-z]{1,9}", 1..30), max in 11_usize..60) {
        let written = words.join(" ");
        let one = line(&written, max);
        prop_assert!(one.chars().count() <= max);
        let kept = one.trim_end_matches('…');
        prop_assert!(written == one || written.starts_with(&format!("{kept} ")), "{one:?} of {written:?}");
    }
}
