//! Holds every language against English: the same phrases, with the same things to fill in, and none of them empty.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, iter};

use fluent_syntax::ast::{CallArguments, Entry, Expression, InlineExpression, Message, Pattern, PatternElement};
use fluent_syntax::parser;
use plimsoll_words::{Arg, Locale, Words};

/// The variables of each phrase of a language.
type Phrases = BTreeMap<String, BTreeSet<String>>;

fn inline(expression: &InlineExpression<String>, found: &mut BTreeSet<String>) {
    match expression {
        InlineExpression::VariableReference { id } => drop(found.insert(id.name.clone())),
        InlineExpression::Placeable { expression: inner } => expression_of(inner, found),
        InlineExpression::FunctionReference { arguments, .. }
        | InlineExpression::TermReference { arguments: Some(arguments), .. } => call(arguments, found),
        _ => {}
    }
}

fn call(arguments: &CallArguments<String>, found: &mut BTreeSet<String>) {
    arguments.positional.iter().for_each(|argument| inline(argument, found));
}

fn expression_of(expression: &Expression<String>, found: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(one) => inline(one, found),
        Expression::Select { selector, variants } => {
            inline(selector, found);
            for variant in variants {
                variables(&variant.value, found);
            }
        }
    }
}

fn variables(pattern: &Pattern<String>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            expression_of(expression, found);
        }
    }
}

fn is_empty(pattern: &Pattern<String>) -> bool {
    pattern
        .elements
        .iter()
        .all(|element| matches!(element, PatternElement::TextElement { value } if value.trim().is_empty()))
}

fn phrase(message: &Message<String>, file: &Path) -> (String, BTreeSet<String>) {
    let key = message.id.name.clone();
    let value = message.value.as_ref().filter(|value| !is_empty(value));
    let mut found = BTreeSet::new();
    variables(value.unwrap_or_else(|| panic!("{key} is empty in {}", file.display())), &mut found);
    (key, found)
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

/// The phrases of a file; panics where one stands twice or is no Fluent.
fn phrases(file: &Path) -> Phrases {
    let text = fs::read_to_string(file).expect("a text");
    let resource = parser::parse(text).unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", file.display()));
    let mut phrases = Phrases::new();
    for entry in &resource.body {
        if let Entry::Message(message) = entry {
            let (key, variables) = phrase(message, file);
            assert!(phrases.insert(key.clone(), variables).is_none(), "{key} stands twice in {}", file.display());
        }
    }
    phrases
}

fn english() -> Phrases {
    phrases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("locales/en.ftl"))
}

#[test]
fn every_file_is_a_language_that_can_be_spoken() {
    let tags: BTreeSet<_> = files().iter().map(|file| file.file_stem().expect("a name").to_owned()).collect();
    let spoken: BTreeSet<_> = Locale::all().map(|locale| locale.tag().into()).collect();
    assert_eq!(tags, spoken);
}

#[test]
fn every_language_has_the_phrases_of_english_with_the_same_to_fill_in() {
    let english = english();
    for file in files() {
        let phrases = phrases(&file);
        let missing: Vec<_> = english.keys().filter(|key| !phrases.contains_key(*key)).collect();
        let unknown: Vec<_> = phrases.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(missing.is_empty() && unknown.is_empty(), "{}: lacks {missing:?}, adds {unknown:?}", file.display());
        for (key, variables) in &phrases {
            assert_eq!(variables, &english[key], "{key} in {}", file.display());
        }
    }
}

/// Says every phrase, which panics where it names another that there is not.
#[test]
fn every_phrase_can_be_said() {
    let english = english();
    for words in Locale::all().map(|locale| Words::new(locale, chrono_tz::UTC)) {
        for (key, variables) in &english {
            for number in [0, 1, 2, 5, 21] {
                let args: Vec<(&str, Arg<'_>)> =
                    variables.iter().map(String::as_str).zip(iter::repeat(number.into())).collect();
                let said = words.say_with(key, &args);
                assert!(!said.contains(['{', '\u{2068}', '\u{2069}']), "{key} in {:?}: {said}", words.locale());
            }
        }
    }
}
