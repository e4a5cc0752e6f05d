//! Profiles: asked for under load, one at a time and by the root key only; and pushed to a Pyroscope.

mod pprof;
mod pyroscope;

use std::time::{Duration, Instant};

use plimsoll_tests::acts::{metric, push_component};
use plimsoll_tests::{ROOT_KEY, Server, Setup, eventually};
use serde_json::json;

use pprof::Profile;
use pyroscope::Pyroscope;

/// In a debug build, names take their time.
const PATIENCE: Duration = Duration::from_secs(100);

/// What a path answers: status, headers, and bytes.
async fn read(server: &Server, key: Option<&str>, path: &str) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    #[expect(clippy::disallowed_methods, reason = "tests speak to loopback, which the guarded client refuses")]
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client of these options");
    let mut request = client.get(format!("{}{path}", server.url()));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.bytes().await.expect("a body").to_vec())
}

/// Keeps the API busy for as long as it is polled.
async fn load(server: &Server) -> std::convert::Infallible {
    let root = server.root();
    loop {
        root.get("/tenants?limit=500").await.ok(200);
    }
}

/// What a path answers while the API is busy.
async fn read_under_load(server: &Server, path: &str) -> Vec<u8> {
    let asked = read(server, Some(ROOT_KEY), path);
    let (status, _, bytes) = tokio::select! {
        answer = asked => answer,
        never = load(server) => match never {},
    };
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&bytes));
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_under_load_names_our_own_functions() {
    let server = Setup::embedded().start().await;
    for number in 0..20 {
        server.root().post("/tenants", &json!({"id": format!("t{number}"), "name": "T"})).await.ok(201);
    }
    let profile = Profile::read(&read_under_load(&server, "/debug/pprof/profile?seconds=3").await).expect("a profile");
    assert_eq!(profile.kind, ("cpu".to_owned(), "nanoseconds".to_owned()));
    assert!((3_000_000_000..60_000_000_000).contains(&profile.duration), "{}", profile.duration);
    // Samples are a hundredth of a second each, and there were at least a few.
    assert!(profile.total() > 50_000_000 && profile.total() % 10_000_000 == 0, "{}", profile.total());
    for name in ["plimsoll_api::edge", "plimsoll_api::routes::tenants", "plimsoll_store::embedded"] {
        assert!(profile.within(name) > 0, "{name} is not in it: {profile:?}");
    }
    let svg = String::from_utf8(read_under_load(&server, "/debug/pprof/flamegraph?seconds=2").await).expect("text");
    assert!(svg.contains("<svg") && svg.contains("plimsoll_api::edge"), "{}", &svg[..svg.len().min(500)]);
    let svg = read_under_load(&server, "/debug/pprof/profile?seconds=1&format=flamegraph").await;
    assert!(String::from_utf8_lossy(&svg).contains("<svg"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_of_memory_says_who_asked_for_it() {
    // A server that was just started holds little: more of it is noted than usual.
    let server = Setup::embedded().with("_RJEM_MALLOC_CONF", "lg_prof_sample:17").start().await;
    let (status, headers, bytes) = read(&server, Some(ROOT_KEY), "/debug/pprof/heap").await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    assert_eq!(headers["content-type"], "application/octet-stream");
    assert_eq!(headers["content-disposition"], "attachment; filename=\"heap.pb.gz\"");
    let profile = Profile::read(&bytes).expect("a profile");
    assert_eq!(profile.kind, ("inuse_space".to_owned(), "bytes".to_owned()));
    // More than one note, and less than the machine has.
    assert!((1 << 18..1 << 32).contains(&profile.total()), "{profile:?}");
    assert!(profile.within("plimsoll") > 0, "{profile:?}");
    let (_, headers, svg) = read(&server, Some(ROOT_KEY), "/debug/pprof/heap?format=flamegraph").await;
    assert_eq!(headers["content-type"], "image/svg+xml");
    assert!(String::from_utf8_lossy(&svg).contains("inuse_space"));
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_for_the_root_key_only() {
    let server = Setup::embedded().start().await;
    let admin = server.tenant("acme").await;
    let viewer = admin.post("/tenants/acme/keys", &json!({"name": "eyes", "role": "viewer"})).await.ok(201);
    let viewer = viewer["key"].as_str().expect("a key").to_owned();
    for path in ["/debug/pprof/profile?seconds=1", "/debug/pprof/flamegraph?seconds=1", "/debug/pprof/heap"] {
        for (key, expected) in
            [(None, 401), (Some("plk_none"), 401), (Some(viewer.as_str()), 403), (Some(admin.key()), 403)]
        {
            assert_eq!(read(&server, key, path).await.0, expected, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_refused_by_its_name() {
    let server = Setup::embedded().start().await;
    for (path, pointer) in [
        ("/debug/pprof/profile?seconds=0", "/seconds"),
        ("/debug/pprof/profile?seconds=61", "/seconds"),
        ("/debug/pprof/profile?seconds=2.5", "/seconds"),
        ("/debug/pprof/flamegraph?seconds=-1", "/seconds"),
        ("/debug/pprof/profile?format=png", "/format"),
        ("/debug/pprof/heap?format=", "/format"),
    ] {
        let body = server.root().get(path).await.ok(422);
        assert_eq!(body["errors"][0]["pointer"], pointer, "{path}: {body}");
    }
    let body = server.root().get("/debug/pprof/heap?seconds=3").await.ok(400);
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("seconds")), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_profile_is_made_at_a_time_and_whoever_leaves_makes_room() {
    let server = Setup::embedded().start().await;
    let long = async {
        loop {
            // The other may have been faster.
            let answer = read(&server, Some(ROOT_KEY), "/debug/pprof/profile?seconds=60").await;
            if answer.0 != 409 {
                break answer;
            }
        }
    };
    let second = async {
        let busy = async || {
            let answer = read(&server, Some(ROOT_KEY), "/debug/pprof/heap").await;
            (answer.0 == 409).then_some(answer)
        };
        eventually(20, "somebody else's profile is being made", busy).await
    };
    // Whoever asked for the long one hangs up when the second has its answer.
    let (_, headers, body) = tokio::select! {
        answer = second => answer,
        long = long => panic!("answered {}", long.0),
    };
    let again: u64 = headers["retry-after"].to_str().ok().and_then(|text| text.parse().ok()).expect("seconds");
    assert!((1..=60).contains(&again), "{again}");
    assert!(String::from_utf8_lossy(&body).contains("one at a time"));
    let free = async || (read(&server, Some(ROOT_KEY), "/debug/pprof/heap").await.0 == 200).then_some(());
    eventually(20, "there is room", free).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_pushed_under_our_names_and_one_that_is_asked_for_goes_first() {
    let pyroscope = Pyroscope::start();
    let server = Setup::embedded().with("PLIMSOLL_PYROSCOPE_URL", &pyroscope.url("eyes", "czNj%40")).start().await;
    let asked = Instant::now();
    let profile = Profile::read(&read_under_load(&server, "/debug/pprof/profile?seconds=2").await).expect("a profile");
    assert!(profile.within("plimsoll_api") > 0, "{profile:?}");
    assert!(asked.elapsed() < Duration::from_secs(40), "{:?}", asked.elapsed());
    let both = async || {
        let pushed = pyroscope.pushed();
        let of = |kind: &str| pushed.iter().rev().find(|pushed| pushed.profile.kind.0 == kind).cloned();
        of("cpu").zip(of("inuse_space"))
    };
    let (cpu, heap) = tokio::select! {
        both = eventually(90, "profiles of both kinds are pushed", both) => both,
        never = load(&server) => match never {},
    };
    assert_eq!(pyroscope.faults(), Vec::<String>::new());
    for pushed in [&cpu, &heap] {
        assert_eq!(pushed.application, "plimsoll");
        let names: Vec<_> = pushed.labels.keys().map(String::as_str).collect();
        assert_eq!(names, ["instance", "roles", "version"]);
        assert_eq!(pushed.labels["roles"], "api-jobs-status");
        assert_eq!(pushed.authorization, "Basic ZXllczpjek5qQA==");
    }
    let log = server.log_text();
    assert!(!log.contains("czNj") && !log.contains("ZXllczpj"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allocator_that_notes_nothing_has_no_profile_and_the_others_go_on() {
    let pyroscope = Pyroscope::start();
    let setup = Setup::embedded().with("_RJEM_MALLOC_CONF", "prof:false");
    let server = setup.with("PLIMSOLL_PYROSCOPE_URL", &pyroscope.url("eyes", "czNj")).start().await;
    let body = server.root().get("/debug/pprof/heap").await.ok(501);
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("without profiling")), "{body}");
    let two = async || (pyroscope.pushed().len() >= 2).then(|| pyroscope.pushed());
    let pushed = eventually(90, "profiles of processor time are pushed", two).await;
    assert!(pushed.iter().all(|pushed| pushed.profile.kind.0 == "cpu"));
    assert!(!server.log_text().contains("cannot be pushed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pyroscope_that_refuses_is_told_of_once_and_nothing_else_is_lost() {
    let pyroscope = Pyroscope::start();
    pyroscope.refuse(true);
    let server = Setup::embedded().with("PLIMSOLL_PYROSCOPE_URL", &pyroscope.url("eyes", "czNj")).start().await;
    let admin = server.tenant("acme").await;
    eventually(90, "two pushes are refused", async || (pyroscope.refused() >= 2).then_some(())).await;
    admin.post("/tenants/acme/components", &push_component("web")).await.ok(201);
    let said = |words: &str| server.log().iter().filter(|line| line["message"].to_string().contains(words)).count();
    assert_eq!(said("profiles cannot be pushed"), 1);
    pyroscope.refuse(false);
    eventually(60, "a push is taken", async || (!pyroscope.pushed().is_empty()).then_some(())).await;
    eventually(30, "it says so", async || (said("profiles are pushed to the Pyroscope again") == 1).then_some(()))
        .await;
    assert_eq!(said("profiles cannot be pushed"), 1);
    let anybody = server.anybody();
    let counted = async |result: &str| metric(&anybody, "plimsoll_profile_pushes_total", &format!("{result:?}")).await;
    assert!(counted("failed").await.is_some_and(|count| count >= 2.0));
    assert!(counted("sent").await.is_some_and(|count| count >= 1.0));
    assert_eq!(pyroscope.faults(), Vec::<String>::new());
}
