//! What is masked, what is left, and that nothing can make it stumble.

use serde_json::json;

use super::*;

#[test]
fn values_under_sensitive_names_are_masked_at_any_depth() {
    let mut value = json!({"a": [{"Authorization": "Basic xyz", "routing_key": {"x": 1}}], "path": "/ok", "n": 7});
    mask("", &mut value);
    assert_eq!(value, json!({"a": [{"Authorization": MASKED, "routing_key": MASKED}], "path": "/ok", "n": 7}));
}

#[test]
fn keys_and_passwords_within_texts_are_masked() {
    let masked = |text| mask_text(text).into_owned();
    assert_eq!(masked("key plk_0a1b, and plk_ff"), "key plk_••••, and plk_••••");
    assert_eq!(masked("mongodb://u:p%40@db:27017/x no@host"), "mongodb://••••@db:27017/x no@host");
    assert_eq!(masked("Authorization: Bearer abc.def"), "Authorization: Bearer ••••");
    assert_eq!(masked("Authorization: Basic dTpw+/==, no"), "Authorization: Basic ••••, no");
    assert!(matches!(mask_text("nothing to hide"), Cow::Borrowed(_)));
}

#[test]
fn the_words_of_others_are_one_short_line_without_keys() {
    assert_eq!(presentable(" 5.7.1\r\n no\tplk_22\u{7}! "), "5.7.1 no plk_••••!".replace("plk_••••!", "plk_•••• !"));
    assert_eq!(presentable(&"é".repeat(500)), "é".repeat(199) + "…");
}

fn masked(text: &str) -> String {
    mask_text(text).into_owned()
}

#[test]
fn tokens_within_addresses_are_masked() {
    for (text, expected) in [
        ("GET https://a.example/x?token=t0&n=1#access=t1", "GET https://a.example/x?token=••••&n=1#access=••••"),
        ("https://a.example/?key=t0&sig=a%2Fb; more", "https://a.example/?key=••••&sig=••••; more"),
        ("https://a.example/?X-Amz-Signature=ff&keys=2", "https://a.example/?X-Amz-Signature=••••&keys=2"),
        ("monkey=banana key=value", "monkey=banana key=value"),
        ("http//u:p4ss@host is no address", "http//••••@host is no address"),
        ("smtp://u:p/4:s@host:25/x", "smtp://••••@host:25/x"),
        ("http://[::1]:80/@ada http://host:80/@ada", "http://[::1]:80/@ada http://host:80/@ada"),
        ("two: a://u:p@h, b://v@h", "two: a://••••@h, b://••••@h"),
    ] {
        assert_eq!(masked(text), expected);
    }
}

#[test]
fn what_follows_a_sensitive_name_is_masked_in_headers_json_and_chains_of_errors() {
    for (text, expected) in [
        (
            "cannot log in: 401: {\"client_secret\": \"s 1\"}: closed",
            "cannot log in: 401: {\"client_secret\": \"••••\"}: closed",
        ),
        (r#"{\"password\":\"a\\\"b\",\"n\":1}"#, r#"{\"password\":\"••••\",\"n\":1}"#),
        ("Secrets { token: Some(\"abc\"), n: 1 }", "Secrets { token: Some(\"••••\"), n: 1 }"),
        ("authorization: Token a b\nx-api-key: k3yk3yk3y\nhost: h", "authorization: ••••\nx-api-key: ••••\nhost: h"),
        ("failed: Authorization: GenieKey g1: refused", "failed: Authorization: GenieKey ••••: refused"),
        ("sent GenieKey g1-x: refused", "sent GenieKey ••••: refused"),
        ("DB_PASSWORD=hunter2 started", "DB_PASSWORD=•••• started"),
        ("set-cookie: a=b; Path=/", "set-cookie: ••••"),
        (r#"{"api_key":{"value":["a", {}]},"n":1}"#, r#"{"api_key":••••,"n":1}"#),
        ("password='a b' token = c", "password='••••' token = ••••"),
    ] {
        assert_eq!(masked(text), expected, "{text}");
    }
    // Sentences about secrets are none.
    for plain in ["/access/password: expected a text", "secret key: not checked", "token: 12 left"] {
        assert_eq!(masked(plain), plain);
    }
}

#[test]
fn what_looks_like_a_token_is_masked_in_a_path_however_it_is_encoded() {
    let run = "26a9dd91e3ac5063e8422496";
    for secret in ["plk_ab12", "plk%5Fab12", &format!("root-{run}-x"), run, "aB3-_aB3-_aB3-_aB3-_aB3-_aB3-_aB3-_"] {
        assert_eq!(mask_path(&format!("/tenants/{secret}/keys")), "/tenants/••••/keys");
    }
    for path in
        ["/", "/s/acme/incidents/inc-5eac32523e5988686fda", "/tenants/a-tenant-of-a-rather-long-name-2026/x", "/%C3%A9"]
    {
        assert!(matches!(mask_path(path), Cow::Borrowed(_)), "{path}");
    }
}

#[test]
fn of_a_long_text_the_beginning_is_kept_and_the_cut_hides_no_end_of_a_secret() {
    let cases = [("password=", "c0re ", "password=••••"), ("https://u:", "c0re@h ", "https://••••@h")];
    for (before, secret, expected) in cases {
        // The secret stands at every place around the cut.
        for lead in TEXT_BYTES - 24..TEXT_BYTES + 4 {
            let text = format!("{} {before}{secret}{}", "é".repeat(lead / 2), "x".repeat(100_000));
            let fitted = fit(&text);
            assert!(!fitted.contains("c0re") && fitted.len() < TEXT_BYTES + 40, "{}", &fitted[TEXT_BYTES - 40..]);
            let left_out = format!("… ({} more bytes)", text.len() - TEXT_BYTES);
            assert!(fitted.ends_with(&left_out), "{expected}: {}", &fitted[TEXT_BYTES - 40..]);
        }
    }
    assert_eq!(fit("short, token=a"), "short, token=••••");
}

#[test]
fn what_is_printed_is_kept_as_far_as_a_text_is() {
    let long = vec!["word"; 1_000_000];
    let printed = Bounded::debug(&long);
    assert_eq!(printed.fit(), fit(&format!("{long:?}")));
    assert!(printed.capacity() <= 4 * TEXT_BYTES, "{}", printed.capacity());
    assert_eq!(Bounded::debug(&json!({"token": "a"})).fit(), fit(&format!("{:?}", json!({"token": "a"}))));
}

/// Texts of the signs that the rules look for, of words, and of letters of every length, by a generator without chance.
fn odd_texts() -> impl Iterator<Item = String> {
    let parts = [
        "plk_",
        "Bearer ",
        "://",
        "//",
        "@",
        "=",
        ":",
        "\"",
        "\\",
        "'",
        "password",
        "token",
        "Some(",
        "&",
        "?key",
        " ",
        "\u{0}",
        "é",
        "語",
        "🦀",
        "\u{301}",
        "\n",
        "a1b2c3d4",
        "%",
        "%5F",
        "••••",
        "{",
        "]",
    ];
    let mut state = 0x9e37_79b9_u32;
    (0..20_000).map(move |_| {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(parts[(state >> 16) as usize % parts.len()]);
        }
        text
    })
}

#[test]
fn no_text_makes_it_stumble_and_masking_twice_says_no_more_than_once() {
    for text in odd_texts() {
        let once = masked(&text);
        assert!(mask_path(&text).len() <= 3 * text.len() + 12 && presentable(&text).chars().count() <= 200);
        // What is masked holds no more of the text, whatever stands around it then.
        assert!(masked(&once).len() <= 3 * once.len() + 12, "{text:?}");
        mask("", &mut json!({ &text: [&text, {"password": &text}] }));
    }
}

#[test]
fn a_secret_under_a_name_is_gone_whatever_stands_around_it() {
    for text in odd_texts() {
        for pair in ["password=c0re", "{\"token\":\"c0re\"}", "?sig=c0re&", "plk_c0re"] {
            let whole = format!("{text} {pair} {text}");
            assert!(!masked(&whole).contains("c0re"), "{whole:?}");
        }
    }
}

#[test]
fn what_masking_costs_grows_with_the_text_and_not_faster() {
    for unit in ["password=", ":::::", "\\\\\"", "//u:", "=\"\\", "token: ", "plk_ "] {
        let time = |count: usize| {
            let text = unit.repeat(count);
            let began = std::time::Instant::now();
            std::hint::black_box(mask_text(&text));
            began.elapsed()
        };
        let (small, large) = (time(20_000), time(200_000));
        assert!(large < 60 * small + std::time::Duration::from_millis(200), "{unit:?}: {small:?}, {large:?}");
    }
}

#[test]
fn what_is_masked_stays_as_it_is() {
    let once = mask_text("used plk_0a1b, Bearer abc.def and https://u:p@host/x?token=1").into_owned();
    assert_eq!(mask_text(&once), once);
    assert_eq!(mask_text("plk_••••0a1b!"), "plk_••••!");
}
