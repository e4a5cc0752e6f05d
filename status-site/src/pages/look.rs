//! A tenant's colours as a stylesheet of its own: the page's policy lets no style stand in the page.

use plimsoll_domain::page::{Colour, PageConfig};

/// Its name below the page's base, `look.0123456789ab.css`, and its text; `None` when the page wears our colours.
pub(crate) fn look_css(page: &PageConfig) -> Option<(String, String)> {
    let look = &page.look;
    let light = look.colour.map(|colour| format!(":root{{--link:{colour};--focus:{colour}}}"));
    let dark = look.colour_dark.or_else(|| look.colour.map(Colour::for_dark)).map(|colour| {
        format!("@media screen and (prefers-color-scheme:dark){{:root{{--link:{colour};--focus:{colour}}}}}")
    });
    if light.is_none() && dark.is_none() {
        return None;
    }
    let css = format!("{}{}", light.unwrap_or_default(), dark.unwrap_or_default());
    let hash = blake3::hash(css.as_bytes()).to_hex();
    Some((format!("look.{}.css", &hash[..12]), css))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_colours_has_no_sheet_and_one_colour_makes_both() {
        let mut page = PageConfig::of("acme".parse().expect("slug"));
        assert_eq!(look_css(&page), None);
        page.look.colour = Some("#0b5c8a".parse().expect("a colour"));
        let (name, css) = look_css(&page).expect("a sheet");
        assert_eq!((name.len(), name.split('.').collect::<Vec<_>>().len()), (21, 3), "{name}");
        assert!(css.starts_with(":root{--link:#0b5c8a;") && css.matches("--link").count() == 2, "{css}");
        page.look.colour = None;
        page.look.colour_dark = Some("#82c4ec".parse().expect("a colour"));
        let (other, css) = look_css(&page).expect("a sheet");
        assert!(other != name && css.starts_with("@media"));
    }
}
