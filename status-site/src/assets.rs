//! The stylesheet, the icon, and the script that stands in pages. Names of files hold a hash of their content, so that they
//! may be cached for ever; the script is allowed by its hash.

use std::fmt;
use std::sync::LazyLock;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::respond::{Kind, Rendered};

/// The site's own, and what dresses the charts: with them, so that the two cannot drift apart.
const STYLESHEET: &str = concat!(
    include_str!("../assets/site.css"),
    include_str!("../assets/bars.css"),
    include_str!("../assets/forms.css"),
    include_str!("../assets/print.css"),
    include_str!("../../charts/templates/burndown.css"),
    include_str!("../../charts/templates/latency.css")
);
const ICON: &str = include_str!("../assets/mark.svg");
const SCRIPT: &str = include_str!("../assets/refresh.js");

/// A file that pages point to.
pub(crate) struct Asset {
    /// Its name under `/assets/`.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) rendered: Rendered,
}

/// A script that stands in pages.
pub(crate) struct Script {
    /// What stands between its tags.
    pub(crate) text: String,
    hash: String,
}

/// How the policy of a page names the script that may run: `sha256-…`.
pub(crate) struct ScriptHash;

impl Asset {
    fn new(stem: &str, extension: &str, kind: Kind, text: &str) -> Self {
        let hash = blake3::hash(text.as_bytes()).to_hex();
        let rendered = Rendered::new(kind, StatusCode::OK, text.to_owned(), None);
        Self { name: format!("{stem}.{}.{extension}", &hash[..12]), rendered }
    }
}

impl Script {
    /// Without what only its readers need: lines that are comments, and the space before the others.
    fn new(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
        let text = lines.collect::<Vec<_>>().join("\n");
        let hash = format!("sha256-{}", STANDARD.encode(Sha256::digest(&text)));
        Self { text, hash }
    }
}

impl fmt::Display for ScriptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&REFRESH.hash)
    }
}

/// The one stylesheet.
pub(crate) static SITE_CSS: LazyLock<Asset> = LazyLock::new(|| Asset::new("site", "css", Kind::Stylesheet, STYLESHEET));
/// The icon.
pub(crate) static MARK_SVG: LazyLock<Asset> = LazyLock::new(|| Asset::new("mark", "svg", Kind::Icon, ICON));
/// What crawlers may read: everything that is linked. Pages that are not for them say so themselves.
pub(crate) static ROBOTS: LazyLock<Rendered> =
    LazyLock::new(|| Rendered::new(Kind::Robots, StatusCode::OK, "User-agent: *\nAllow: /\n".to_owned(), None));
/// What keeps a page current.
pub(crate) static REFRESH: LazyLock<Script> = LazyLock::new(|| Script::new(SCRIPT));
/// How a page's policy names it.
pub(crate) const REFRESH_HASH: ScriptHash = ScriptHash;

/// Every file that pages point to.
pub(crate) fn all() -> [&'static Asset; 2] {
    [&*SITE_CSS, &*MARK_SVG]
}

/// The asset of this name.
pub(crate) fn find(name: &str) -> Option<&'static Rendered> {
    [&*SITE_CSS, &*MARK_SVG].into_iter().find(|asset| asset.name == name).map(|asset| &asset.rendered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_small_and_stands_in_a_page_as_it_is() {
        assert!(REFRESH.text.len() < 4_096, "{} bytes", REFRESH.text.len());
        assert!(!REFRESH.text.contains("</") && !REFRESH.text.contains("<!--") && !REFRESH.text.contains("\n//"));
        assert!(REFRESH_HASH.to_string().starts_with("sha256-") && REFRESH_HASH.to_string().len() == 51);
    }
}
