//! A month in figures, for a printer.

use askama::Template;
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::report::MonthlyReport;
use plimsoll_words::Words;

use super::frame::filled;
use crate::assets::{MARK_SVG, SITE_CSS};
use crate::view::report::ReportView;

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage<'a> {
    css: &'static str,
    icon: &'static str,
    words: Words,
    title: &'a str,
    report: ReportView,
}

/// The page of `report`: a whole document, which nothing but the site's stylesheet belongs to.
pub(crate) fn report(report: &MonthlyReport, page: &PageConfig, words: Words) -> String {
    filled(&ReportPage {
        css: &SITE_CSS.name,
        icon: &MARK_SVG.name,
        words,
        title: page.title(&report.name),
        report: ReportView::of(report, &words),
    })
}
