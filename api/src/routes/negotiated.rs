//! In which form something is answered, by `Accept`.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// Media ranges of a header that are looked at.
const MOST_RANGES: usize = 20;

/// In which form something is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Csv,
    Html,
}

impl Form {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }

    /// The form of those `offered` that `word` names.
    pub(super) fn named(word: &str, offered: &[Self]) -> Result<Self, String> {
        let words = || offered.iter().map(|form| form.as_str()).collect::<Vec<_>>().join(" or ");
        let found = offered.iter().copied().find(|form| form.as_str() == word);
        found.ok_or_else(|| format!("expected {}, got {word:?}", words()))
    }

    /// What the request would rather have of those `offered`; JSON when it does not say.
    pub(super) fn accepted(headers: &HeaderMap, offered: &[Self]) -> Self {
        let text = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut best = (0.0, Self::Json);
        for (form, weight) in text.split(',').take(MOST_RANGES).filter_map(weighed) {
            // Of the same weight it is the first.
            if weight > best.0 && offered.contains(&form) {
                best = (weight, form);
            }
        }
        best.1
    }
}

fn weighed(range: &str) -> Option<(Form, f64)> {
    let mut parts = range.split(';').map(str::trim);
    let form = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/json" | "application/*" | "*/*" => Form::Json,
        "text/csv" => Form::Csv,
        "text/html" | "text/*" => Form::Html,
        _ => return None,
    };
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |weight| weight.parse().ok());
    Some((form, weight?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_most_is_answered() {
        let accepted = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, text.parse().expect("visible ASCII"));
            Form::accepted(&headers, &[Form::Json, Form::Csv, Form::Html])
        };
        assert_eq!(Form::accepted(&HeaderMap::new(), &[Form::Csv]), Form::Json);
        for (text, form) in [
            ("*/*", Form::Json),
            ("text/csv", Form::Csv),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Html),
            ("application/json;q=0.5, Text/CSV;q=0.6", Form::Csv),
            ("text/csv;q=0, application/json;q=0.1", Form::Json),
            ("text/csv;q=much", Form::Json),
            ("image/png", Form::Json),
        ] {
            assert_eq!(accepted(text), form, "{text}");
        }
    }

    #[test]
    fn what_is_not_offered_is_passed_over() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, "text/html, text/csv;q=0.5".parse().expect("visible ASCII"));
        let offered = [Form::Json, Form::Csv];
        assert_eq!(Form::accepted(&headers, &offered), Form::Csv);
        assert_eq!(Form::named("csv", &offered), Ok(Form::Csv));
        assert_eq!(Form::named("html", &offered), Err("expected json or csv, got \"html\"".to_owned()));
    }
}
