//! What is drawn, read back by an XML parser: sound whatever the figures and the titles are.

use proptest::prelude::*;
use roxmltree::{Document, Node};

use plimsoll_charts::{Burndown, Latency, Look, Point, Quantiles, burndown, burndowns, latency};
use plimsoll_domain::time::{Span, Timestamp};

/// Attributes that are places or sizes along an axis of the picture.
const ACROSS: [&str; 5] = ["x", "cx", "x1", "x2", "width"];
const DOWN: [&str; 5] = ["y", "cy", "y1", "y2", "height"];

/// The nearest frame around an element: left, top, right, bottom.
fn frame(node: Node<'_, '_>) -> [f64; 4] {
    let view_box = node.ancestors().filter(|node| node.has_tag_name("svg")).find_map(|svg| svg.attribute("viewBox"));
    let numbers: Vec<f64> =
        view_box.expect("a frame").split(' ').map(|number| number.parse().expect("a number")).collect();
    let [left, top, width, height] = numbers[..] else { panic!("a frame of {numbers:?}") };
    assert!(width >= 320.0 && height > 0.0);
    [left, top, left + width, top + height]
}

fn assert_inside(number: &str, (low, high): (f64, f64)) {
    let value: f64 = number.parse().unwrap_or_else(|_| panic!("{number:?} is no number"));
    assert!(value.is_finite() && (low..=high).contains(&value), "{number} is not in {low} to {high}");
    let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    assert!(decimals <= 1, "{number} has {decimals} decimals");
}

/// Every coordinate is a finite number with at most one decimal, inside the frame around it.
fn assert_coordinates(node: Node<'_, '_>) {
    // An inner picture lies in the frame around it.
    let around = if node.has_tag_name("svg") { node.parent_element() } else { Some(node) };
    let Some(around) = around else { return };
    let [left, top, right, bottom] = frame(around);
    for attribute in node.attributes().filter(|attribute| !attribute.value().ends_with('%')) {
        match attribute.name() {
            name if ACROSS.contains(&name) => assert_inside(attribute.value(), (left, right)),
            name if DOWN.contains(&name) => assert_inside(attribute.value(), (top, bottom)),
            "d" => {
                let commands = attribute.value().split(['M', 'L', 'Z']).filter(|pair| !pair.is_empty());
                for (x, y) in commands.map(|pair| pair.split_once(' ').expect("two numbers")) {
                    assert_inside(x, (left, right));
                    assert_inside(y, (top, bottom));
                }
            }
            _ => {}
        }
    }
}

/// Reads what was drawn and holds it against every rule that does not depend on the figures.
fn assert_sound(svg: &str, look: Look) {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error} in {svg}"));
    let allowed = ["svg", "title", "desc", "text", "path", "circle", "rect", "style"];
    for node in document.descendants().filter(Node::is_element) {
        assert!(allowed.contains(&node.tag_name().name()), "{node:?}");
        assert_coordinates(node);
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(name != "style" && name != "id" && name != "href" && !name.starts_with("on"), "{name}");
            assert!(!attribute.value().contains("NaN") && !attribute.value().contains("inf"), "{node:?}");
        }
    }
    let styles = document.descendants().filter(|node| node.has_tag_name("style")).count();
    assert_eq!(styles, usize::from(look == Look::Standalone));
}

/// The texts of the elements of this name.
fn texts<'a>(document: &'a Document<'_>, name: &str) -> Vec<&'a str> {
    document.descendants().filter(|node| node.has_tag_name(name)).filter_map(|node| node.text()).collect()
}

fn chart<'a>(title: &'a str, points: &'a [Point]) -> Burndown<'a> {
    let from = "2026-10-22T12:00:00Z".parse().expect("an instant");
    let last = points.last().and_then(|point| point.remaining_ratio);
    Burndown { title, from, to: from.plus(Span::days(30)), points, remaining: last, look: Look::Inline }
}

/// Ratios at even distances over thirty days.
fn spread(ratios: &[Option<f64>]) -> Vec<Point> {
    let from: Timestamp = "2026-10-22T12:00:00Z".parse().expect("an instant");
    let step = Span::days(30).seconds() / i64::try_from(ratios.len().max(2) - 1).expect("few");
    let at = |index: usize| from.plus(Span::from_seconds(step * i64::try_from(index).expect("few")));
    ratios.iter().enumerate().map(|(index, ratio)| Point { at: at(index), remaining_ratio: *ratio }).collect()
}

fn any_ratio() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        1 => Just(None),
        4 => (-2.0..1.0).prop_map(Some),
        1 => prop_oneof![Just(0.0), Just(1.0), Just(-1.0), Just(-0.0), Just(-499.0)].prop_map(Some),
        1 => any::<f64>().prop_map(Some),
    ]
}

fn any_instant() -> impl Strategy<Value = Timestamp> {
    let near = 1_790_000_000_000_i64..1_800_000_000_000;
    prop_oneof![6 => near, 1 => any::<i64>()].prop_map(Timestamp::from_millis)
}

fn any_points() -> impl Strategy<Value = Vec<Point>> {
    let point = || (any_instant(), any_ratio()).prop_map(|(at, remaining_ratio)| Point { at, remaining_ratio });
    prop_oneof![prop::collection::vec(point(), 0..40), prop::collection::vec(point(), 380..900)]
}

fn any_title() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[<>&\"'\\x00-\\x1f\\u{fffe}\\u{202e}a-c]{0,60}",
        Just("</title><script>alert(1)</script>".to_owned()),
        Just("]]> --> <!-- <![CDATA[ {{ 1 }} &#0; &lt;".to_owned()),
    ]
}

proptest! {
    #[test]
    fn any_chart_is_well_formed_finite_and_inside_its_frame(
        (from, to) in (any_instant(), any_instant()),
        (points, remaining) in (any_points(), any_ratio()),
        title in any_title(),
        standalone in any::<bool>(),
    ) {
        let look = if standalone { Look::Standalone } else { Look::Inline };
        let chart = Burndown { title: &title, from, to, points: &points, remaining, look };
        assert_sound(&burndown(&chart), look);
        assert_sound(&burndowns(&[chart, chart, chart]), look);
    }

    #[test]
    fn a_title_comes_out_as_it_went_in(title in "[<>&\"'/a-z]([ <>&\"'/a-z;#x0-9]{0,60}[<>&\"'/a-z])?") {
        let svg = burndown(&chart(&title, &[]));
        let document = Document::parse(&svg).expect("well-formed");
        prop_assert_eq!(texts(&document, "title"), [title.as_str()]);
    }
}

proptest! {
    // Each case draws ten thousand points.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_long_series_is_drawn_with_few_places(ratios in prop::collection::vec((0.1..1.0).prop_map(Some), 9_000..10_000)) {
        let svg = burndown(&chart("availability", &spread(&ratios)));
        let document = Document::parse(&svg).expect("well-formed");
        let line = document.descendants().find(|node| node.attribute("class") == Some("bd-line")).expect("a line");
        let places = line.attribute("d").expect("a path").matches(['M', 'L']).count();
        prop_assert!((300..=400).contains(&places), "{} places", places);
    }
}

#[test]
fn a_chart_says_its_figures_in_words_and_at_the_end_of_its_line() {
    let svg = burndown(&chart("availability", &spread(&[Some(1.0), Some(0.4), None, Some(0.632)])));
    let document = Document::parse(&svg).expect("well-formed");
    assert_eq!(document.root_element().attribute("role"), Some("img"));
    assert_eq!(
        texts(&document, "desc"),
        [
            "The error budget from 22 Oct 2026, 12:00 UTC to 21 Nov 2026, 12:00 UTC. Start: 100 % left; lowest (1 Nov 2026, \
          12:00 UTC): 40.0 % left; latest: 63.2 % left. 1 gap without data."
        ]
    );
    let texts = texts(&document, "text");
    for text in
        ["availability", "63.2 % of the error budget left", "100 %", "0 %", "used up", "63 %", "1 gap without data"]
    {
        assert!(texts.contains(&text), "{text} is not among {texts:?}");
    }
}

#[test]
fn a_chart_without_a_known_reading_says_so_and_draws_no_line() {
    for points in [Vec::new(), spread(&[None, None, Some(f64::NAN)])] {
        let chart = Burndown { remaining: None, ..chart("availability", &points) };
        let svg = burndown(&chart);
        let document = Document::parse(&svg).expect("well-formed");
        assert!(texts(&document, "text").contains(&"No data"));
        assert!(document.descendants().all(|node| node.attribute("class") != Some("bd-line")));
        assert_sound(&svg, Look::Inline);
    }
}

#[test]
fn a_line_that_leaves_the_chart_is_marked_and_its_low_is_written() {
    let svg = burndown(&chart("availability", &spread(&[Some(1.0), Some(-499.0), Some(-2.0)])));
    let document = Document::parse(&svg).expect("well-formed");
    assert!(document.descendants().any(|node| node.attribute("class") == Some("bd-lower")));
    assert!(texts(&document, "text").contains(&"▼ lower than drawn: −49,900 %"));
}

#[test]
fn several_charts_stand_under_one_another_each_with_its_own_words() {
    let points = spread(&[Some(1.0), Some(0.4)]);
    let svg = burndowns(&[chart("first", &points), chart("second", &points)]);
    let document = Document::parse(&svg).expect("well-formed");
    let charts: Vec<_> = document.root_element().children().filter(|node| node.has_tag_name("svg")).collect();
    let tops: Vec<f64> =
        charts.iter().map(|chart| chart.attribute("y").expect("a place").parse().expect("a number")).collect();
    let height: f64 = charts[0].attribute("height").expect("a height").parse().expect("a number");
    assert!(charts.len() == 2 && tops[1] >= tops[0] + height);
    assert!(charts.iter().all(|chart| chart.attribute("role") == Some("img")));
    assert_eq!(texts(&document, "title"), ["Error budgets", "first", "second"]);
}

#[test]
fn no_charts_are_a_document_that_says_so() {
    let svg = burndowns(&[]);
    assert_sound(&svg, Look::Standalone);
    assert!(svg.contains("No SLOs"));
}

#[test]
fn answers_are_drawn_hour_by_hour_with_gaps_as_gaps_and_texts_as_texts() {
    let at = |hour: i64| Timestamp::from_seconds(1_790_000_000 / 3_600 * 3_600).plus(Span::hours(hour));
    let hours = [0, 1, 2, 10, 20, 21];
    let points = hours.map(|hour| Quantiles { at: at(hour), p50_ms: 80, p95_ms: u32::MAX >> (hour % 8) });
    let marks = [(at(12), "<12:00>".to_owned()), (at(-400), "long ago".to_owned())];
    let (title, described) = ("</title><script>", "a \"b\" & c");
    let chart =
        Latency { title, described, from: at(0), to: at(48), points: &points, marks: &marks, names: ["50 %", "95 %"] };
    let svg = latency(&chart);
    assert_sound(&svg, Look::Inline);
    let document = Document::parse(&svg).expect("well-formed");
    assert_eq!((texts(&document, "title"), texts(&document, "desc")), (vec![title], vec![described]));
    let line = document.descendants().find(|node| node.attribute("class") == Some("lt-most")).expect("a line");
    assert_eq!(line.attribute("d").expect("a path").matches('M').count(), 3, "three runs");
    assert!(texts(&document, "text").contains(&"<12:00>") && !svg.contains("long ago"));
    let nothing = latency(&Latency { points: &[], to: at(0), ..chart });
    assert_sound(&nothing, Look::Inline);
}
