//! Tables for spreadsheets: CSV as RFC 4180 has it.
//!
//! A spreadsheet takes a text that begins like a formula for one, and runs it: such a text gets an apostrophe before it.

use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};

/// A table of these columns.
pub(super) fn written<const N: usize>(columns: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(columns).expect("memory takes a row");
    rows.for_each(|row| writer.write_record(&row).expect("memory takes rows of one length"));
    writer.into_inner().expect("memory takes all of it")
}

/// Answers with a table, to be kept as the file `name`, which is of letters, digits and dashes.
pub(super) fn answer(name: &str, table: Vec<u8>) -> Response {
    let name = format!("attachment; filename=\"{name}.csv\"");
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (CONTENT_DISPOSITION, name.as_str()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "accept"),
    ];
    (headers, table).into_response()
}

/// A text that no spreadsheet takes for a formula.
pub(super) fn text(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_taken_for_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(text(formula), format!("'{formula}"));
        }
        assert_eq!(text("a=b"), "a=b");
    }

    #[test]
    fn what_holds_commas_quotes_or_lines_stays_one_cell() {
        let rows = [["a,b".to_owned(), "c\"d\ne".to_owned()]];
        let table = String::from_utf8(written(&["one", "two"], rows.into_iter())).expect("text");
        assert_eq!(table, "one,two\r\n\"a,b\",\"c\"\"d\ne\"\r\n");
    }
}
