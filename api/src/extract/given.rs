//! A field in which `null` means something else than its absence.

use serde::{Deserialize, Deserializer};

/// What a request says of a field; to be read with `#[serde(default)]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Given<T> {
    /// Nothing.
    #[default]
    Not,
    /// `null`.
    Null,
    /// A value.
    Value(T),
}

impl<T> Given<T> {
    /// What becomes of `held`: kept, removed, or replaced by what `read` makes of the value.
    pub(crate) fn over<U>(&self, held: Option<U>, read: impl FnOnce(&T) -> Option<U>) -> Option<U> {
        match self {
            Self::Not => held,
            Self::Null => None,
            Self::Value(value) => read(value),
        }
    }
}

impl<T> From<Option<T>> for Given<T> {
    /// `None` is `null`.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Option::deserialize(reader).map(Self::from)
    }
}
