//! The key under which secrets are sealed is replaced: afterwards the old one opens nothing, and everybody is told as before.

use std::fs;
use std::process::Output;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plimsoll_tests::alerts::{Desk, at, pagerduty, trigger, until_taken, with};
use plimsoll_tests::receivers::{PagerDuty, Webhook};
use plimsoll_tests::{Backing, Chance, Server, Setup, eventually};
use serde_json::json;

const ROTATE: [&str; 2] = ["secrets", "rotate"];

/// A server with receivers that are known by secrets, and alerts that are open at them.
struct World {
    server: Server,
    desk: Desk,
    pd: PagerDuty,
    hook: Webhook,
    open: usize,
}

impl World {
    async fn start(setup: Setup) -> Self {
        let server = setup.start().await;
        let desk = Desk::new(&server.tenant("acme").await, "acme");
        let (pd, hook) = (PagerDuty::start().await, Webhook::start_signed(&[Webhook::SECRET]).await);
        let hook_receiver = with(at("hook", "webhook", &hook.url()), &json!({"secret": Webhook::SECRET}));
        // PagerDuty takes no more than two in a second.
        let much = json!({"matchers": ["source=\"much\""], "receivers": ["hook"]});
        let receivers = [pagerduty("pd", &pd), hook_receiver];
        desk.configure(&json!({"receivers": receivers, "routes": [much], "cooldown_seconds": 0})).await;
        let mut world = Self { server, desk, pd, hook, open: 0 };
        world.goes_on().await;
        world.goes_on().await;
        world
    }

    /// Alerts are sent with the right secrets: a new one, and the end of one that was opened before.
    async fn goes_on(&mut self) {
        let key = format!("alert-{}", self.open);
        self.desk.fence(&key).await;
        if let Some(old) = self.open.checked_sub(1) {
            let old = format!("alert-{old}");
            self.desk.say("resolve", &old).await;
            for host in [&*self.pd, &*self.hook] {
                until_taken(20, host, &old, &["trigger", "resolve"]).await;
            }
        }
        self.open += 1;
        assert_eq!((self.pd.faults(), self.hook.faults()), (Vec::new(), Vec::new()));
        assert!(self.desk.dead().await.is_empty());
    }

    /// Nothing that is sealed can be opened: the configuration can be read, so that it can be mended, and the log says
    /// what else can be done.
    async fn nothing_opens(&self) {
        self.desk.client.get(&self.desk.path("config")).await.ok(200);
        let says = async || {
            let log = self.server.log_text();
            log.contains("which is not here: add it to PLIMSOLL_SECRET_KEY_PREVIOUS").then_some(())
        };
        eventually(10, "the log names the variable", says).await;
    }

    fn key_file(&self) -> std::path::PathBuf {
        self.server.data().join("secret.key")
    }
}

#[track_caller]
fn done(output: &Output) -> String {
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", words(&output.stdout), words(&output.stderr));
    words(&output.stdout)
}

#[track_caller]
fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "it was not refused");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!words.contains("panicked") && words.lines().count() == 1, "one clear sentence: {words}");
    words
}

/// A key, as it is written in a variable.
fn key(byte: u8) -> String {
    STANDARD.encode([byte; 32])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_key_is_replaced_while_the_server_is_stopped() {
    let mut world = World::start(Setup::embedded()).await;
    let old = fs::read_to_string(world.key_file()).expect("a key was made");
    let words = refused(&world.server.run(&ROTATE));
    assert!(words.contains("in use by another process"), "{words}");
    assert_eq!(fs::read_to_string(world.key_file()).expect("a key"), old, "nothing was changed");
    world.goes_on().await;

    assert!(world.server.stop().await.success());
    let words = done(&world.server.run(&ROTATE));
    assert!(words.contains("documents were sealed anew") && !words.starts_with("0 "), "{words}");
    let new = fs::read_to_string(world.key_file()).expect("a key");
    assert!(new != old && new.lines().count() == 1 && !words.contains(new.trim()), "{words}");
    world.server.start_again().await;
    world.goes_on().await;
    assert!(world.server.stop().await.success());

    fs::write(world.key_file(), &old).expect("the old key is put back");
    let words = refused(&world.server.run(&ROTATE));
    assert!(words.contains("PLIMSOLL_SECRET_KEY_PREVIOUS") && words.contains("sealed under keys"), "{words}");
    fs::write(world.key_file(), &old).expect("the old key is put back");
    world.server.start_again().await;
    world.nothing_opens().await;
    assert!(world.server.stop().await.success());
    fs::write(world.key_file(), &new).expect("the new key is put back");
    world.server.start_again().await;
    world.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_is_run_again() {
    let mut world = World::start(Setup::embedded()).await;
    for number in 0..300 {
        world.desk.fire(&with(trigger(&format!("much-{number}")), &json!({"source": "much"}))).await;
    }
    assert!(world.server.stop().await.success());
    let old = fs::read_to_string(world.key_file()).expect("a key was made");
    let mut chance = Chance::new(0x5eed);
    let mut killed = 0;
    for _ in 0..30 {
        let mut rotating = world.server.command(&ROTATE).spawn().expect("the program starts");
        tokio::time::sleep(Duration::from_millis(chance.below(120))).await;
        // One that has ended cannot be killed.
        let _killed = rotating.kill();
        killed += usize::from(!rotating.wait().expect("it has ended").success());
    }
    assert!(killed >= 5, "{killed} of them were killed in between");
    // In the middle of it the server starts as well: whatever something is sealed under is kept.
    world.server.start_again().await;
    world.goes_on().await;
    assert!(world.server.stop().await.success());
    done(&world.server.run(&ROTATE));
    let new = fs::read_to_string(world.key_file()).expect("a key");
    assert!(new.lines().count() == 1 && new != old, "only the new key is kept");
    world.server.start_again().await;
    world.goes_on().await;
    world.desk.say("resolve", "much-299").await;
    until_taken(20, &world.hook, "much-299", &["trigger", "resolve"]).await;
    assert_eq!(world.hook.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_key_is_replaced_while_the_server_runs() {
    let (old, new, wrong) = (key(1), key(2), key(3));
    let mut world = World::start(Setup::on(Backing::MongoDb).await.with("PLIMSOLL_SECRET_KEY", &old)).await;
    assert!(!world.key_file().exists(), "no other key is made");
    assert!(world.server.stop().await.success());
    world.server.configure("PLIMSOLL_SECRET_KEY", Some(&new));
    world.server.configure("PLIMSOLL_SECRET_KEY_PREVIOUS", Some(&old));
    world.server.start_again().await;
    world.goes_on().await;
    let words = done(&world.server.run(&ROTATE));
    assert!(words.contains("PLIMSOLL_SECRET_KEY_PREVIOUS is not needed any more"), "{words}");
    assert!(done(&world.server.run(&ROTATE)).starts_with("0 documents"), "run again, it finds nothing to do");
    world.goes_on().await;
    assert!(world.server.stop().await.success());
    world.server.configure("PLIMSOLL_SECRET_KEY_PREVIOUS", None);
    world.server.start_again().await;
    world.goes_on().await;
    assert!(world.server.stop().await.success());

    for other in [&old, &wrong] {
        world.server.configure("PLIMSOLL_SECRET_KEY", Some(other));
        let words = refused(&world.server.run(&ROTATE));
        assert!(
            words.contains("add those to PLIMSOLL_SECRET_KEY_PREVIOUS") && !words.contains(other.as_str()),
            "{words}"
        );
    }
    world.server.start_again().await;
    world.nothing_opens().await;
    assert!(world.server.stop().await.success());
    world.server.configure("PLIMSOLL_SECRET_KEY", Some("c2hvcnQ="));
    let words = refused(&world.server.run(&ROTATE));
    assert!(
        words.contains("PLIMSOLL_SECRET_KEY") && words.contains("32 bytes") && !words.contains("c2hvcnQ"),
        "{words}"
    );
    world.server.configure("PLIMSOLL_SECRET_KEY", Some(&new));
    world.server.start_again().await;
    world.goes_on().await;
}
