//! The monthly report as a page for a printer: the API serves it, and the wording and the look are the site's.

use plimsoll_domain::page::PageConfig;
use plimsoll_domain::report::MonthlyReport;
use plimsoll_words::{Locale, Words};

use crate::pages;
use crate::rendered_view::locale_of;

/// `report` as a whole HTML document, in the best language that `accept_language` asks for; the page's when it asks for none
/// that there is.
pub fn report_page(report: &MonthlyReport, page: &PageConfig, accept_language: Option<&str>) -> String {
    let locale = Locale::negotiate(accept_language.unwrap_or_default(), locale_of(page));
    pages::report(report, page, Words::new(locale, page.time_zone))
}
