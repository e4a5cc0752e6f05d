//! What a picture is, read off its bytes, and what of it may be shown to everybody.
//!
//! A browser draws no script of a picture in a page, but somebody may open the picture itself: so an SVG is cleaned, and one
//! that still leads to other files is refused instead of being shown without them.

use imagesize::ImageType;
use roxmltree::{Document, Node, ParsingOptions};
use svg_hush::{Filter, data_url_filter};

use plimsoll_domain::page::{LogoKind, MAX_LOGO_BYTES};

/// Most pixels a side.
const LARGEST: u32 = 4_096;
/// What a picture without a size of its own is drawn as (CSS 2, 10.3.2).
const UNSIZED: (f64, f64) = (300.0, 150.0);
/// How deep elements may be nested.
const DEEPEST: u32 = 100;
const SVG: &str = "http://www.w3.org/2000/svg";
/// Functions of CSS that name other files, besides `url()`.
const FETCHING: [&str; 4] = ["image-set(", "image(", "src(", "cross-fade("];

/// A picture that may be shown.
pub(super) struct Picture {
    pub(super) kind: LogoKind,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: Vec<u8>,
}

impl Picture {
    /// The picture in `bytes`. Errors say what was expected.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let kind = match imagesize::image_type(bytes) {
            Ok(ImageType::Png) => LogoKind::Png,
            Ok(ImageType::Jpeg) => LogoKind::Jpeg,
            Ok(ImageType::Webp) => LogoKind::Webp,
            _ => return drawing(bytes),
        };
        let size = imagesize::blob_size(bytes).map_err(|error| format!("expected a whole picture: {error}"))?;
        let fitting = |length: usize| u32::try_from(length).ok().filter(|length| (1..=LARGEST).contains(length));
        let (width, height) = fitting(size.width).zip(fitting(size.height)).ok_or_else(|| {
            format!("expected a picture of 1 to {LARGEST} pixels a side, got {} x {}", size.width, size.height)
        })?;
        Ok(Self { kind, width, height, bytes: bytes.to_vec() })
    }
}

fn drawing(bytes: &[u8]) -> Result<Picture, String> {
    let unknown = || "expected a PNG, a JPEG, a WebP or an SVG in UTF-8".to_owned();
    let text = std::str::from_utf8(bytes).map_err(|_| unknown())?.trim_start_matches('\u{feff}').trim_start();
    // Text in another encoding than it seems would be cleaned of something else than what is shown.
    if !text.starts_with('<') || text.contains('\0') {
        return Err(unknown());
    }
    if text.contains("<!ENTITY") {
        return Err("expected an SVG without entities of its own".to_owned());
    }
    check_depth(text)?;
    let mut filter = Filter::new();
    filter.set_data_url_filter(data_url_filter::allow_standard_images);
    let mut clean = Vec::with_capacity(text.len());
    filter.filter(text.as_bytes(), &mut clean).map_err(|error| format!("{}: {error}", unknown()))?;
    if clean.len() > MAX_LOGO_BYTES {
        return Err(format!(
            "expected an SVG of at most {MAX_LOGO_BYTES} bytes once it is cleaned, got {}",
            clean.len()
        ));
    }
    let (width, height) = looked_over(&clean)?;
    Ok(Picture { kind: LogoKind::Svg, width, height, bytes: clean })
}

/// Cleaning writes each element on a line of its own, indented: what is nested without end would become endlessly long.
fn check_depth(text: &str) -> Result<(), String> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| format!("expected an SVG: {error}"))?;
    let mut open = vec![(document.root(), 0)];
    while let Some((node, depth)) = open.pop() {
        if depth > DEEPEST {
            return Err(format!("expected an SVG of elements that are nested at most {DEEPEST} deep"));
        }
        open.extend(node.children().map(|child| (child, depth + 1)));
    }
    Ok(())
}

/// The size of a cleaned drawing; refuses one that still leads to other files.
fn looked_over(clean: &[u8]) -> Result<(u32, u32), String> {
    let text = String::from_utf8_lossy(clean);
    let document = Document::parse(&text).map_err(|error| format!("expected an SVG: {error}"))?;
    let root = document.root_element();
    if !root.has_tag_name((SVG, "svg")) {
        return Err("expected an SVG".to_owned());
    }
    for node in document.descendants() {
        for attribute in node.attributes() {
            let is_link = attribute.name() == "href";
            if (is_link && !is_inside(attribute.value())) || leads_away(attribute.value()) {
                return Err(format!("expected an SVG that needs no other files; it has {}", shown(attribute.value())));
            }
        }
        let style = node.text().filter(|_| node.has_tag_name((SVG, "style")));
        if style.is_some_and(leads_away) {
            return Err("expected an SVG that needs no other files; its style names one".to_owned());
        }
    }
    Ok(size(&root))
}

/// Whether a reference stays within the file.
fn is_inside(reference: &str) -> bool {
    reference.starts_with('#') || reference.starts_with("data:image/")
}

/// Whether a value holds something that a browser may fetch from elsewhere.
fn leads_away(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let is_away = |rest: &str| {
        let reference = rest.trim_start_matches([' ', '\t', '\n', '\r', '"', '\'']);
        !(reference.is_empty() || reference.starts_with(')') || is_inside(reference))
    };
    value.split("url(").skip(1).any(is_away)
        || value.contains("://")
        || value.contains("javascript:")
        || FETCHING.iter().any(|function| value.contains(function))
}

fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(60).collect::<String>())
}

/// The size that it says, or that of its view box; made to fit, since a drawing can be drawn at any size.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 1 and LARGEST")]
fn size(root: &Node<'_, '_>) -> (u32, u32) {
    let length = |name| root.attribute(name).and_then(pixels);
    let view_box = || {
        let parts: Vec<f64> =
            root.attribute("viewBox")?.split([' ', ',']).filter_map(|part| part.parse().ok()).collect();
        <[f64; 4]>::try_from(parts).ok().map(|[_, _, width, height]| (width, height))
    };
    let fits = |(width, height): &(f64, f64)| width.is_finite() && height.is_finite() && *width > 0.0 && *height > 0.0;
    let own = length("width").zip(length("height")).filter(fits);
    let (width, height) = own.or_else(|| view_box().filter(fits)).unwrap_or(UNSIZED);
    let scale = (f64::from(LARGEST) / width.max(height)).min(1.0);
    let whole = |length: f64| (length * scale).round().clamp(1.0, f64::from(LARGEST)) as u32;
    (whole(width), whole(height))
}

fn pixels(text: &str) -> Option<f64> {
    text.trim().trim_end_matches("px").trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn svg(attributes: &str, inside: &str) -> String {
        format!("<svg xmlns=\"{SVG}\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" {attributes}>{inside}</svg>")
    }

    fn read(text: &str) -> Result<(String, u32, u32), String> {
        let picture = Picture::read(text.as_bytes())?;
        assert_eq!(picture.kind, LogoKind::Svg);
        Ok((String::from_utf8(picture.bytes).expect("UTF-8"), picture.width, picture.height))
    }

    #[rstest]
    #[case("width=\"32\" height=\"16px\"", (32, 16))]
    #[case("width=\"100%\" height=\"100%\" viewBox=\"0 0 20,40\"", (20, 40))]
    #[case("viewBox=\"0 0 8192 4096\"", (4_096, 2_048))]
    #[case("viewBox=\"0 0 -1 NaN\"", (300, 150))]
    #[case("width=\"0\" height=\"1\"", (300, 150))]
    #[case("width=\"1e300\" height=\"1\"", (4_096, 1))]
    #[case("", (300, 150))]
    fn a_drawing_has_a_size(#[case] attributes: &str, #[case] size: (u32, u32)) {
        let (_, width, height) = read(&svg(attributes, "<rect width=\"1\" height=\"1\"/>")).expect("a drawing");
        assert_eq!((width, height), size);
    }

    #[rstest]
    #[case("<script>alert(1)</script><rect onclick=\"alert(1)\"/>")]
    #[case("<a href=\"javascript:alert(1)\"><rect/></a>")]
    #[case("<a xlink:href=\"https://evil.example/\"><rect/></a>")]
    #[case(
        "<foreignObject><iframe xmlns=\"http://www.w3.org/1999/xhtml\" src=\"https://evil.example/\"/></foreignObject>"
    )]
    fn what_could_run_is_taken_out(#[case] inside: &str) {
        let (clean, ..) = read(&svg("onload=\"alert(1)\"", inside)).expect("a drawing");
        for left in ["alert", "evil", "iframe", "script"] {
            assert!(!clean.contains(left), "{clean}");
        }
    }

    #[rstest]
    #[case("<animate attributeName=\"href\" to=\"javascript:alert(1)\"/>")]
    #[case("<set attributeName=\"onclick\" to=\"alert(1)\"/>")]
    fn no_animation_writes_what_could_run(#[case] inside: &str) {
        if let Ok((clean, ..)) = read(&svg("", inside)) {
            assert!(!clean.contains("attributeName"), "{clean}");
        }
    }

    #[rstest]
    #[case("<image href=\"https://evil.example/a.png\"/>")]
    #[case("<image xlink:href=\"//evil.example/a.png\"/>")]
    #[case("<use href=\"/other.svg#a\"/>")]
    #[case("<rect fill=\"url(/other.svg#a)\"/>")]
    #[case("<rect style=\"fill: url( 'https://evil.example/a' )\"/>")]
    #[case("<style>rect { fill: url(https://evil.example/a) }</style>")]
    #[case("<style>rect { background: image-set('https://evil.example/a' 1x) }</style>")]
    #[case("<style>rect { background: IMAGE-SET('//evil.example/a' 1x) }</style>")]
    fn what_leads_elsewhere_is_taken_out_or_refused(#[case] inside: &str) {
        if let Ok((clean, ..)) = read(&svg("", inside)) {
            assert!(!clean.contains("evil") && !clean.contains("other.svg"), "{clean}");
        }
    }

    #[test]
    fn what_stays_within_the_file_is_kept() {
        let inside = "<defs><linearGradient id=\"g\"/></defs><rect fill=\"url(#g)\"/><use href=\"#g\"/>\
                      <image href=\"data:image/png;base64,AAAA\"/><style>rect { fill: red }</style>";
        let (clean, ..) = read(&svg("", inside)).expect("a drawing");
        for kept in ["url(#g)", "href=\"#g\"", "data:image/png;base64,AAAA", "fill: red"] {
            assert!(clean.contains(kept), "{kept}: {clean}");
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let doubled: String = svg("", "<rect/>").chars().flat_map(|c| [c, '\0']).collect();
        let laughs =
            format!("<!DOCTYPE svg [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]>{}", svg("", "<text>&b;</text>"));
        let html = "<html xmlns=\"http://www.w3.org/1999/xhtml\"><body/></html>".to_owned();
        for wrong in ["", "GIF89a\u{1}\0\u{1}\0", "text", "<svg/>", "<svg", &doubled, &laughs, &html] {
            assert!(Picture::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(Picture::read(&[0xff, 0xfe, b'<', 0]).is_err());
    }

    #[test]
    fn a_drawing_that_is_nested_ever_deeper_is_refused_before_it_is_cleaned() {
        let nested = |depth| read(&svg("", &("<g>".repeat(depth) + &"</g>".repeat(depth))));
        assert!(nested(37_000).is_err_and(|reason| reason.contains("at most 100 deep")));
        nested(98).expect("a drawing");
    }

    #[test]
    fn a_drawing_may_say_of_which_kind_it_is() {
        let doctype =
            "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">";
        let whole = format!("\u{feff}<?xml version=\"1.0\"?>\n{doctype}\n{}", svg("", "<rect/>"));
        let (clean, ..) = read(&whole).expect("a drawing");
        assert!(!clean.contains("DOCTYPE"), "{clean}");
    }

    #[test]
    fn a_picture_is_as_large_as_its_header_says() {
        let png = |width: u32, height: u32| {
            let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
            bytes.extend(width.to_be_bytes());
            bytes.extend(height.to_be_bytes());
            bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
            Picture::read(&bytes).map(|picture| (picture.kind, picture.width, picture.height))
        };
        assert_eq!(png(16, 4_096), Ok((LogoKind::Png, 16, 4_096)));
        for (width, height) in [(4_097, 1), (1, u32::MAX), (0, 1)] {
            assert!(png(width, height).is_err(), "{width} x {height}");
        }
    }
}
