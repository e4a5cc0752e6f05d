//! Values with their lines, and what is refused; no text makes it panic.

use std::time::Instant;

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn values_know_the_lines_they_stand_on() {
    let text = "tenant:\n  id: acme\ncomponents:\n- id: a\n  probe:\n    kind: push\n- {id: b, \"x/y\": 1.5}\n";
    let documents = parse(text).expect("YAML");
    let Located { value, lines } = &documents[0];
    let expected = json!({"tenant": {"id": "acme"}, "components": [
        {"id": "a", "probe": {"kind": "push"}}, {"id": "b", "x/y": 1.5}]});
    assert_eq!(*value, expected);
    let line = |pointer| lines.of(pointer);
    assert_eq!((line("/tenant"), line("/tenant/id"), line("/components/0/probe")), (Some(1), Some(2), Some(5)));
    assert_eq!((line("/components/0/probe/kind"), line("/components/1/x~1y")), (Some(6), Some(7)));
    assert_eq!(line("/components/0/probe/url/deeper"), Some(5), "what is not there is looked for around it");
}

#[test]
fn json_is_yaml_and_one_file_may_hold_several_documents() {
    let documents = parse("{\"tenant\": {\"id\": \"a\", \"n\": [null, true, -1, 1e3]}}\n---\ntenant: {id: b}\n");
    let documents = documents.expect("YAML");
    assert_eq!(documents[0].value, json!({"tenant": {"id": "a", "n": [null, true, -1, 1000.0]}}));
    assert_eq!((&documents[1].value, documents[1].lines.of("/tenant")), (&json!({"tenant": {"id": "b"}}), Some(3)));
}

fn refused(text: &str) -> String {
    let fault = parse(text).expect_err("refused");
    format!("{:?} {}", fault.line, fault.detail)
}

#[test]
fn what_unfolds_or_says_a_thing_twice_is_refused_with_its_line() {
    let bomb = "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n";
    assert!(refused(bomb).contains("expected no alias"), "{}", refused(bomb));
    assert!(refused("tenant: {id: a}\ntenant: {id: b}\n").starts_with("Some(2)"), "{}", refused("a: 1\na: 2\n"));
    assert!(refused("1: a\n\"1\": b\n").contains("twice") || refused("1: a\n\"1\": b\n").contains("duplicate"));
    assert!(refused("a: .nan\n").contains("finite"));
    assert!(refused("a:\n  <<: {b: 1}\n").contains("merge"), "{}", refused("a:\n  <<: {b: 1}\n"));
    assert!(refused("a: [\n").starts_with("Some("));
    assert!(refused(&"[".repeat(10_000)).contains("recursion limit"), "{}", refused(&"[".repeat(10_000)));
    assert!(refused(&"x".repeat(MAX_BYTES + 1)).contains("bytes"));
    assert!(refused(&format!("{}: [", "k".repeat(100_000))).len() < 600);
}

#[test]
fn a_huge_file_of_small_values_is_refused_soon() {
    let began = Instant::now();
    assert!(refused(&"- a\n".repeat(1_000_000)).contains("values"));
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn what_is_written_is_read_back() {
    let value = json!({"a": "on", "b": "1", "c": [{"d": null, "e": ""}], "f": {}, "g": [], "h": " x: #y\nz",
        "i": 0.1, "q": format!("sum(rate({})) and more", "x".repeat(200))});
    assert_eq!(parse(&emit(&value)).expect("YAML")[0].value, value);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*|[-:\\[\\]{},&*!|>#%@`'\"?a-c \\n\\t~<.0-9]{0,200}") {
        let _parsed = parse(&text);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _parsed = parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_words_survive_being_written(words in proptest::collection::vec("\\PC{0,40}", 0..6)) {
        let value = json!({"words": words});
        prop_assert_eq!(&parse(&emit(&value)).expect("YAML")[0].value, &value);
    }
}
