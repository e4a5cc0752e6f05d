//! Names as they may stand in any of the formats, and ids that stay.

use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::page::StatusSnapshot;

use crate::scene::Scene;

/// `text` on one line, without the characters that XML cannot hold.
pub(crate) fn one_line(text: &str) -> String {
    let is_plain = |c: &char| !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    let words: Vec<String> = text.split_whitespace().map(|word| word.chars().filter(is_plain).collect()).collect();
    words.join(" ")
}

/// What the page calls these components, in the order of the page; one that is gone is called by its id, after the others.
pub(crate) fn names<'a>(snapshot: &StatusSnapshot, ids: impl IntoIterator<Item = &'a ComponentId>) -> Vec<String> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    let mut names = Vec::with_capacity(ids.len());
    for figure in &snapshot.components {
        if let Some(at) = ids.iter().position(|id| **id == figure.id) {
            ids.remove(at);
            names.push(one_line(&figure.name));
        }
    }
    names.extend(ids.into_iter().map(ToString::to_string));
    names
}

/// The whole address of the overview as a browser writes it: that of a host alone ends with a slash.
pub(crate) fn home(scene: &Scene<'_>) -> String {
    scene.address(if scene.place.base.is_empty() { "/" } else { "" })
}

/// A UUID (version 8, RFC 9562) of what these parts name: the same parts, the same UUID.
pub(crate) fn uuid(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    let mut hex = hasher.finalize().to_hex()[..32].to_owned();
    hex.replace_range(12..13, "8");
    hex.replace_range(16..17, "8");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_xml_can_hold() {
        assert_eq!(one_line(" A\r\n b\u{0}c \u{fffe}\t d<e> "), "A bc  d<e>");
        assert_eq!(one_line("\u{0}"), "");
    }

    #[test]
    fn the_same_parts_have_the_same_uuid_and_others_another() {
        let one = uuid(&["acme", "inc-1"]);
        assert_eq!(one, uuid(&["acme", "inc-1"]));
        assert_eq!((one.len(), &one[14..15], &one[19..20]), (36, "8", "8"));
        assert_ne!(one, uuid(&["acme", "inc", "-1"]));
        assert_ne!(one, uuid(&["acmei", "nc-1"]));
    }
}
