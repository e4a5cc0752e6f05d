//! What people try to smuggle into pages.

/// Texts that would run, fetch or frame something, were they not cleaned.
pub(crate) const CORPUS: [&str; 30] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#x09;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "<javascript:alert(1)>",
    "![x](https://evil.example/x.png)",
    "![x](javascript:alert(1))",
    "[x]\n\n[x]: javascript:alert(1)",
    "[x](https://evil.example/\" onmouseover=\"alert(1))",
    "[x](<https://evil.example/\" onclick=alert(1)>)",
    "</div></main></body><script>alert(1)</script>",
    "</title></textarea></style><script>alert(1)</script>",
    "<a href=\"https://evil.example\" onclick=alert(1)>x</a>",
    "<style>@import 'https://evil.example/a.css'</style>",
    "<iframe src=//evil.example></iframe>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<form action=//evil.example><button>x</button></form>",
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "]]><script>alert(1)</script>",
    "\"'><script>alert(1)</script>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}} ${7*7}",
];

/// The same on one line, as short as a title or a name may be.
pub(crate) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
