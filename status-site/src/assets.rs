//! The stylesheet and the icon. Their names hold a hash of their content, so that they may be cached for ever.

use std::sync::LazyLock;

use axum::http::StatusCode;

use crate::respond::{Kind, Rendered};

/// The site's own, and what dresses the charts: with them, so that the two cannot drift apart.
const STYLESHEET: &str =
    concat!(include_str!("../assets/site.css"), include_str!("../../charts/templates/burndown.css"));
const ICON: &str = include_str!("../assets/mark.svg");

/// A file that pages point to.
pub(crate) struct Asset {
    /// Its name under `/assets/`.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) rendered: Rendered,
}

impl Asset {
    fn new(stem: &str, extension: &str, kind: Kind, text: &str) -> Self {
        let hash = blake3::hash(text.as_bytes()).to_hex();
        let rendered = Rendered::new(kind, StatusCode::OK, text.to_owned(), None);
        Self { name: format!("{stem}.{}.{extension}", &hash[..12]), rendered }
    }
}

/// The one stylesheet.
pub(crate) static SITE_CSS: LazyLock<Asset> = LazyLock::new(|| Asset::new("site", "css", Kind::Stylesheet, STYLESHEET));
/// The icon.
pub(crate) static MARK_SVG: LazyLock<Asset> = LazyLock::new(|| Asset::new("mark", "svg", Kind::Icon, ICON));

/// The asset of this name.
pub(crate) fn find(name: &str) -> Option<&'static Rendered> {
    [&*SITE_CSS, &*MARK_SVG].into_iter().find(|asset| asset.name == name).map(|asset| &asset.rendered)
}
