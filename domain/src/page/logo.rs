//! A tenant's logo: kept apart from the rest of its page, since it is large and changes seldom.
//!
//! What it really is is read off its bytes by who takes it in; what the browser is told is one of these kinds.

use serde::{Deserialize, Serialize};

use crate::ids::TenantId;

/// Most bytes of a logo.
pub const MAX_LOGO_BYTES: usize = 256 * 1_024;

/// What kind of picture it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogoKind {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// SVG, cleaned of everything that could run or fetch something.
    Svg,
}

impl LogoKind {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Svg => "image/svg+xml",
        }
    }

    /// What its name ends with.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Svg => "svg",
        }
    }
}

/// What a page must know of its logo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoRef {
    /// What kind of picture it is.
    pub kind: LogoKind,
    /// A fingerprint of its bytes: its name changes with them.
    pub hash: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// A logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Whose.
    pub tenant: TenantId,
    /// What a page must know of it.
    pub about: LogoRef,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl LogoRef {
    /// The fingerprint of these bytes.
    pub fn hash_of(bytes: &[u8]) -> String {
        blake3::hash(bytes).to_hex()[..16].to_owned()
    }
}
