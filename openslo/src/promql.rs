//! The few things that are done to queries of others, so that they ask what we ask: how many events one tick held, or
//! which share of them was good.
//!
//! Only what is exact. A whole parser of `PromQL` was rejected: what it could rewrite beyond a counter and the sum of one
//! is guesswork about what its author meant.

/// What stands for the length of a tick in our queries.
const TICK: &str = "$interval";

/// `query` with the place-holder that Sloth has for a window, as ours.
pub(crate) fn adopted(query: &str) -> String {
    ["{{.window}}", "{{ .window }}"].iter().fold(query.to_owned(), |query, theirs| query.replace(theirs, TICK))
}

/// The events of one tick, of a `query` that is said to be a counter: the query itself where it looks over a range,
/// the increase of a selector or of the sum of one; `None` for everything else.
pub(crate) fn per_tick(query: &str) -> Option<String> {
    if has_range(query) {
        return Some(query.to_owned());
    }
    let query = query.trim();
    let summed = query.strip_prefix("sum").map(str::trim_start).and_then(|rest| rest.strip_prefix('('));
    if let Some(inner) = summed.and_then(|rest| rest.strip_suffix(')')).map(str::trim) {
        return is_selector(inner).then(|| format!("sum(increase({inner}[{TICK}]))"));
    }
    is_selector(query).then(|| format!("increase({query}[{TICK}])"))
}

/// The share that is good, of a `query` for the share that is bad.
pub(crate) fn complement(query: &str) -> String {
    format!("1 - {}", enclosed(query))
}

/// 1 while `query` compares with `value` as `operator` (`<=` …) says, else 0.
pub(crate) fn compared(query: &str, operator: &str, value: f64) -> String {
    format!("{} {operator} bool {value}", enclosed(query))
}

fn enclosed(query: &str) -> String {
    // The last line may be a comment, which would take the parenthesis with it.
    let end = if query.contains('#') { "\n" } else { "" };
    format!("({query}{end})")
}

/// The characters of `query` that stand outside of quotes, with their places.
fn unquoted(query: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut escaped = false;
    query.char_indices().filter(move |(_, c)| {
        let Some(open) = quote else {
            quote = matches!(c, '"' | '\'' | '`').then_some(*c);
            return quote.is_none();
        };
        if *c == open && !escaped {
            quote = None;
        }
        escaped = *c == '\\' && !escaped && open != '`';
        false
    })
}

fn has_range(query: &str) -> bool {
    unquoted(query).any(|(_, c)| c == '[')
}

/// A metric's name, labels in braces, or both; nothing after them.
fn is_selector(query: &str) -> bool {
    let is_name = |text: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        text.chars().all(allowed) && !text.starts_with(|c: char| c.is_ascii_digit())
    };
    let Some(open) = query.find('{') else { return !query.is_empty() && is_name(query) };
    let close = unquoted(query).find(|(_, c)| *c == '}').map(|(at, _)| at);
    is_name(query[..open].trim_end()) && close == Some(query.len() - 1)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_counter("http_requests_total", "increase(http_requests_total[$interval])")]
    #[case::with_labels(r#" up:x{a="}",b=~'[45]..'} "#, r#"increase(up:x{a="}",b=~'[45]..'}[$interval])"#)]
    #[case::labels_alone(r#"{__name__="x"}"#, r#"increase({__name__="x"}[$interval])"#)]
    #[case::a_sum(r#"sum( x{a="\"("} )"#, r#"sum(increase(x{a="\"("}[$interval]))"#)]
    #[case::over_a_range_already("sum(increase(x[$interval]))", "sum(increase(x[$interval]))")]
    fn the_events_of_a_tick_are_the_increase_of_a_counter(#[case] query: &str, #[case] per_tick: &str) {
        assert_eq!(super::per_tick(query).as_deref(), Some(per_tick));
    }

    #[rstest]
    #[case("sum by (le) (x)")]
    #[case("sum(x) + sum(y)")]
    #[case("max(x)")]
    #[case("x offset 5m")]
    #[case(r#"x{a="b"} or y{a="b"}"#)]
    #[case("2 * x")]
    #[case("")]
    #[case("sum()")]
    #[case("é")]
    #[case(r#"x{a="b"#)]
    fn what_is_no_counter_is_left_alone(#[case] query: &str) {
        assert_eq!(per_tick(query), None);
    }

    #[test]
    fn a_share_and_a_comparison_are_written_around_the_query() {
        assert_eq!(complement("a / b"), "1 - (a / b)");
        assert_eq!(compared("lag # all", "<=", 100.0), "(lag # all\n) <= bool 100");
        assert_eq!(adopted("rate(x[{{.window}}])"), "rate(x[$interval])");
    }
}
