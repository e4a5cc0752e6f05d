//! Every page under every check, in both languages, and the overview under Lighthouse.

use futures_util::future::join_all;
use plimsoll_tests::node::script;
use serde_json::{Value, json};

use crate::harbour::Harbour;
use crate::{MACHINE, cargo};

/// Those of `pages.mjs`: each is run in a browser of its own, and each row beside the others.
const LANES: [&[&str]; 2] = [&["axe", "refresh"], &["html", "clean", "keyboard", "noscript", "overflow"]];
/// Those that what a page says, and in how many words, has a part in.
const WORDED: [&[&str]; 2] = [&["axe"], &["html", "noscript", "overflow"]];

/// What does not hold, a line for each check and page.
async fn findings(told: &Value, lanes: [&[&str]; 2]) -> Vec<String> {
    let run = async |lane: &[&str]| {
        let mut found = Vec::new();
        for check in lane {
            let mut told = told.clone();
            told["checks"] = json!([check]);
            let answer = script("site/pages.mjs", &told).await;
            assert_eq!(answer["pages"].as_array().map(Vec::len), Some(17), "every page is looked at: {answer}");
            found.extend(answer["findings"].as_array().expect("a list").iter().map(line));
        }
        found
    };
    join_all(lanes.iter().map(|lane| run(lane))).await.concat()
}

fn line(finding: &Value) -> String {
    let text = |name: &str| finding[name].as_str().expect("a text");
    format!("{} of {}: {}", text("check"), text("page"), text("message"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_serves_every_reader_and_keeps_to_its_host() {
    let _machine = MACHINE.lock().await;
    let harbour = Harbour::open().await;
    let found = findings(&harbour.told(), LANES).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_language_of_its_own_every_page_serves_every_reader_as_well() {
    let _machine = MACHINE.lock().await;
    let harbour = Harbour::open().await;
    harbour.turn("sv").await;
    let mut told = harbour.told();
    // Finnish is none that there is: the page's own language is taken.
    told["locale"] = json!("fi-FI");
    told["says"] = cargo::says_in_swedish();
    let found = findings(&told, WORDED).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lighthouse_has_nothing_to_say_on_a_phone_or_a_desk() {
    let _machine = MACHINE.lock().await;
    let harbour = Harbour::open().await;
    let url = format!("{}/s/shop", harbour.server.url());
    for preset in ["mobile", "desktop"] {
        let told = json!({"url": url, "presets": [preset], "least": 100});
        let all = json!({"performance": 100, "accessibility": 100, "best-practices": 100, "seo": 100});
        assert_eq!(script("site/lighthouse.mjs", &told).await[preset], all, "{preset}");
    }
}
