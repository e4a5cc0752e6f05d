//! The process is killed while two hundred subscribers are told, and the mail server is away for a while: everybody hears of
//! everything at least once, in order, and nothing that was answered is lost.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use plimsoll_tests::acts::push_component;
use plimsoll_tests::receivers::{Answer, Received, SubscriberHook};
use plimsoll_tests::subscribing::Town;
use plimsoll_tests::{Backing, Client, Server, Setup, Visitor, eventually};
use serde_json::{Value, json};

const SUBSCRIBERS: usize = 200;
/// What a subscriber is told, in order. The process is killed while each part of it is told.
const STORY: [&str; 4] = ["It began.", "It is known.", "It is mended.", "It is over."];

fn name(number: usize) -> String {
    format!("s{number}")
}

/// Subscribes everybody by the API, and confirms by what each is sent.
async fn everybody_joins(admin: &Client, visitor: &Visitor, hook: &SubscriberHook) {
    for number in 0..SUBSCRIBERS {
        let body = json!({"kind": "webhook", "address": hook.url(&name(number))});
        admin.post("/tenants/acme/subscribers", &body).await.ok(202);
    }
    let asked = async || (hook.accepted().len() >= SUBSCRIBERS).then(|| hook.accepted());
    let messages = eventually(60, "everybody is asked", asked).await;
    let confirm = async |message: &Received| {
        let url = message.body["data"]["confirm_url"].as_str().expect("a link");
        assert_eq!(visitor.post(url, &[]).await.status, 200);
    };
    for some in messages.chunks(20) {
        join_all(some.iter().map(confirm)).await;
    }
    hook.forget();
}

/// Says something until it is answered: the process may be away. Said again, it is the same request or the same words.
async fn say(admin: &Client, incident: &str, body: &str) {
    let status = if body == STORY[3] { "resolved" } else { "identified" };
    let update = json!({"status": status, "body": body}).to_string();
    let path = format!("/incidents/{incident}");
    let said = async || {
        let held = admin.try_ask("GET", &path, &[], None).await.ok().filter(|answer| answer.status == 200)?.json();
        if held["updates"].to_string().contains(body) {
            return Some(());
        }
        let answer = admin.try_ask("PATCH", &path, &[], Some(update.clone())).await.ok()?;
        (answer.status == 200).then_some(())
    };
    eventually(60, body, said).await;
}

/// What each subscriber has taken of the incident, as it came.
fn taken(hook: &SubscriberHook) -> BTreeMap<String, Vec<String>> {
    let mut taken: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in hook.accepted() {
        let body = one.body["data"]["incident"]["update"]["body"].as_str().unwrap_or_default().to_owned();
        taken.entry(one.path).or_default().push(body);
    }
    taken
}

/// Waits until everybody has heard the whole story; what they heard, and how often something came again.
#[expect(clippy::print_stdout, reason = "whoever runs this wants to know how often something came again")]
async fn everybody_heard_all_of_it(hook: &SubscriberHook) {
    let heard = |told: &Vec<String>| STORY.iter().all(|part| told.iter().any(|one| one == part));
    let all = async || {
        let taken = taken(hook);
        (taken.len() == SUBSCRIBERS && taken.values().all(heard)).then_some(taken)
    };
    // What was on its way when the process was killed is free again when its lease ends, after a minute.
    let taken = eventually(180, "everybody has heard all of it", all).await;
    let mut again = 0;
    for (path, told) in &taken {
        let place = |part: &&str| STORY.iter().position(|one| one == part).expect("nothing else is told");
        let places: Vec<usize> = told.iter().map(|part| place(&part.as_str())).collect();
        // Something may come twice; never something older after something newer.
        assert!(places.is_sorted(), "{path}: {told:?}");
        again += told.len() - STORY.len();
    }
    assert_eq!(hook.faults(), Vec::<String>::new());
    assert!(again <= STORY.len() * SUBSCRIBERS / 2, "{again} came again");
    println!("{again} messages came again");
}

async fn killed_while_everybody_is_told(backing: Backing) {
    let mut server = Setup::on(backing).await.with("RUST_LOG", "warn").start().await;
    let admin = server.tenant("acme").await;
    admin.post("/tenants/acme/components", &push_component("web")).await.ok(201);
    let visitor = Visitor::new(&server.anybody(), "acme");
    let hook = SubscriberHook::start().await;
    everybody_joins(&admin, &visitor, &hook).await;
    hook.answer_always(Answer::After(Duration::from_millis(30)));
    let body = json!({"title": "Trouble", "body": STORY[0], "components": {"web": "major_outage"}});
    let opened = admin.post("/incidents", &body).await.ok(201);
    let incident = opened["id"].as_str().expect("an id").to_owned();
    for (number, part) in STORY.iter().enumerate() {
        if number > 0 {
            say(&admin, &incident, part).await;
        }
        let came = hook.accepted().len();
        let under_way = async || (hook.accepted().len() > came + 10).then_some(());
        eventually(90, "they are being told", under_way).await;
        server.kill9();
        server.start_again().await;
    }
    everybody_heard_all_of_it(&hook).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_two_hundred_are_told_loses_nothing_on_the_embedded_store() {
    killed_while_everybody_is_told(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_of_one_of_two_instances_on_mongodb_loses_nothing() {
    let setup = Setup::on(Backing::MongoDb).await.with("RUST_LOG", "warn");
    let secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let setup = setup.with("PLIMSOLL_SECRET_KEY", secret);
    let mut servers = [setup.clone().start().await, setup.start().await];
    let admin = servers[0].tenant("acme").await;
    admin.post("/tenants/acme/components", &push_component("web")).await.ok(201);
    let visitor = Visitor::new(&servers[0].anybody(), "acme");
    let hook = SubscriberHook::start().await;
    everybody_joins(&admin, &visitor, &hook).await;
    hook.answer_always(Answer::After(Duration::from_millis(30)));
    let body = json!({"title": "Trouble", "body": STORY[0], "components": {"web": "major_outage"}});
    let incident = admin.post("/incidents", &body).await.ok(201)["id"].as_str().expect("an id").to_owned();
    for (number, part) in STORY.iter().enumerate() {
        let (victim, witness) = (number % 2, 1 - number % 2);
        if number > 0 {
            say(&admin.at(&servers[witness].url()), &incident, part).await;
        }
        let came = hook.accepted().len();
        let under_way = async || (hook.accepted().len() > came + 10).then_some(());
        eventually(90, "they are being told", under_way).await;
        servers[victim].kill9();
        servers[victim].start_again().await;
    }
    everybody_heard_all_of_it(&hook).await;
}

/// The states of all notices of the incident, by how many there are.
async fn states(admin: &Client) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let listed = admin.get("/tenants/acme/notices?limit=500").await.ok(200);
    for notice in listed["items"].as_array().expect("a list") {
        *found.entry(notice["state"].as_str().expect("a state").to_owned()).or_default() += 1;
    }
    found
}

async fn the_mail_server_is_away(town: &mut Town, and_so_are_we: bool) {
    for number in 0..5 {
        town.joined(&format!("s{number}@example.com"), &[]).await;
    }
    town.smtp.stop();
    let incident = town.incident("Trouble", &json!({"body": STORY[0]})).await;
    for part in &STORY[1..3] {
        town.say(&incident, "identified", part).await;
    }
    town.say(&incident, "resolved", STORY[3]).await;
    let tried = async || {
        let listed = town.admin.get("/tenants/acme/notices?limit=500").await.ok(200);
        let items = listed["items"].as_array()?;
        items.iter().any(|one| one["tries"].as_u64() > Some(0) && one["state"] == "waiting").then_some(())
    };
    eventually(40, "it was tried in vain", tried).await;
    if and_so_are_we {
        town.server.kill9();
        town.server.start_again().await;
    }
    town.smtp.start_again().await;
    for number in 0..5 {
        let address = format!("s{number}@example.com");
        let all = async || Some(town.smtp.taken_for(&address)).filter(|mails| mails.len() > STORY.len());
        let mails = eventually(180, "all mails came", all).await;
        let told: Vec<_> = mails[1..]
            .iter()
            .map(|mail| STORY.iter().position(|part| mail.text.contains(part)).expect("a part"))
            .collect();
        assert_eq!(told, [0, 1, 2, 3], "in order, and once");
    }
    assert_eq!((states(&town.admin).await.get("dead"), town.smtp.faults()), (None, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_was_away_gets_all_of_it_in_order() {
    let mut town = Town::start(Setup::embedded()).await;
    the_mail_server_is_away(&mut town, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_mail_server_waits_through_a_kill() {
    let mut town = Town::start(Setup::embedded()).await;
    the_mail_server_is_away(&mut town, true).await;
}

/// A server of which `acme` is known.
async fn confirmed_before_a_kill(server: &mut Server, admin: &Client, hook: &SubscriberHook) -> Value {
    let visitor = Visitor::new(&server.anybody(), "acme");
    let asked = visitor.post("/subscribe", &[("kind", "webhook"), ("address", &hook.url("one"))]).await;
    assert_eq!(asked.status, 200);
    // As soon as it is answered, it is kept.
    server.kill9();
    server.start_again().await;
    let message = eventually(90, "it is asked after the kill", async || hook.taken_by("one").pop()).await;
    let confirm = message.body["data"]["confirm_url"].as_str().expect("a link").to_owned();
    assert_eq!(visitor.post(&confirm, &[]).await.status, 200);
    server.kill9();
    server.start_again().await;
    admin.get("/tenants/acme/subscribers").await.ok(200)["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_kept_whatever_happens_next() {
    let mut server = Setup::embedded().start().await;
    let admin = server.tenant("acme").await;
    let hook = SubscriberHook::start().await;
    let held = confirmed_before_a_kill(&mut server, &admin, &hook).await;
    assert_eq!(held["state"], "active", "{held}");
    let body = json!({"title": "Trouble", "body": "x"});
    admin.post("/incidents", &body).await.ok(201);
    server.kill9();
    server.start_again().await;
    let told = async || hook.taken_by("one").iter().any(|one| one.body["type"] == "incident.created").then_some(());
    eventually(60, "it is told", told).await;
}
