//! Notices against a real store and a sender that answers by a script: each subscriber is told once and in order, whoever
//! takes nothing is left alone, and a process that is gone leaves nothing undone.

mod world;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use plimsoll_domain::alert::{DeliveryState, Lease, Outcome, Verdict};
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::SubscriberId;
use plimsoll_domain::incident::IncidentStatus::{Identified, Investigating, Resolved};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::subscriber::{Channel, ChannelKind, Notice, StopReason, Subscriber, SubscriberState};
use plimsoll_domain::time::{Clock, Span};
use plimsoll_jobs::notices::send::{Sender, Sent, Tells};
use plimsoll_jobs::notices::{Announcer, Letter, NoticeSettings, Says};
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::system_entropy::SystemEntropy;
use plimsoll_store::faulty::{Faulty, When};
use plimsoll_store::{Incidents, Maintenances, Notices, Pages, Store, Subscribers};
use plimsoll_tests::eventually;

use world::World;

const SOON: u64 = 30;
const GRACE: Duration = Duration::from_secs(20);

/// Says of each letter what came of it, and remembers what was sent.
#[derive(Default)]
struct Post {
    sent: Mutex<Vec<(SubscriberId, String)>>,
    answers: Mutex<HashMap<SubscriberId, Sent>>,
    /// A host that hangs, and what ends that.
    hangs: Mutex<Option<&'static str>>,
    let_go: CancellationToken,
    /// Letters that hang.
    hanging: AtomicUsize,
    /// A store whose outcomes are lost from the next letter on.
    breaks: Mutex<Option<Arc<Faulty>>>,
}

fn sent(verdict: Verdict, tells: Tells) -> Sent {
    Sent { outcome: Outcome::new(verdict, None, "as scripted"), tells }
}

impl Post {
    fn answer(&self, subscriber: &SubscriberId, answer: Sent) {
        self.answers.lock().expect("not poisoned").insert(subscriber.clone(), answer);
    }

    fn to(&self, subscriber: &SubscriberId) -> Vec<String> {
        let sent = self.sent.lock().expect("not poisoned");
        sent.iter().filter(|(to, _)| to == subscriber).map(|(_, said)| said.clone()).collect()
    }

    fn count(&self) -> usize {
        self.sent.lock().expect("not poisoned").len()
    }
}

#[async_trait]
impl Sender for Post {
    async fn send(&self, letter: &Letter) -> Sent {
        let said = match &letter.says {
            Says::Confirm => "confirm".to_owned(),
            Says::Incident(incident) => format!("{} {}", incident.id, incident.status().as_str()),
            Says::Maintenance(event, _) => event.as_str().to_owned(),
        };
        let to = letter.subscriber.id.clone();
        let hangs = *self.hangs.lock().expect("not poisoned");
        if hangs.is_some_and(|host| letter.subscriber.channel.address().expose().starts_with(host)) {
            self.hanging.fetch_add(1, Ordering::AcqRel);
            self.let_go.cancelled().await;
        }
        let answer = self.answers.lock().expect("not poisoned").get(&to).cloned();
        if let Some(store) = self.breaks.lock().expect("not poisoned").take() {
            store.fail_method("change_notice", When::Before);
        }
        self.sent.lock().expect("not poisoned").push((to, said));
        answer.unwrap_or_else(|| sent(Verdict::Delivered, Tells::Nothing))
    }
}

/// A process that sends.
struct Process {
    post: Arc<Post>,
    announcer: Announcer,
    life: Lifecycle,
}

impl Process {
    fn start(world: &World, holder: &str) -> Self {
        let (post, life) = (Arc::new(Post::default()), Lifecycle::new());
        let clock: Arc<dyn Clock> = Arc::clone(&world.clock) as Arc<dyn Clock>;
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let settings = NoticeSettings { holder: holder.to_owned(), public_url: "http://localhost".to_owned() };
        let store: Arc<dyn Store> = Arc::clone(&world.store) as Arc<dyn Store>;
        let sender: Arc<dyn Sender> = Arc::clone(&post) as Arc<dyn Sender>;
        let announcer = Announcer::start(&store, (clock, entropy), sender, settings, &life);
        Self { post, announcer, life }
    }

    async fn stop(self) {
        self.life.stop();
        assert!(self.life.run_until_stopped(GRACE).await, "it stops in order");
    }
}

async fn held(world: &World, subscriber: &SubscriberId) -> Subscriber {
    world.store.subscriber(&world.tenant, subscriber).await.expect("reads").expect("there")
}

async fn until_finished(world: &World) {
    let look = async || world.notices().await.iter().all(|notice| notice.finished_at().is_some()).then_some(());
    eventually(SOON, "every notice is finished", look).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_subscribers_are_told_once_each_and_in_order() {
    let mut world = World::new().await;
    let mut all = Vec::new();
    for number in 0..2_000 {
        all.push(world.subscribe(&format!("s{number}"), &[], world.clock_now()).await);
    }
    let process = Process::start(&world, "here");
    for status in [Investigating, Identified] {
        world.say("slow", status, &[]).await;
        world.skip(1);
    }
    world.run_again().await.expect("runs");
    process.announcer.wake();
    eventually(60, "all are told", async || (process.post.count() >= 4_000).then_some(())).await;
    until_finished(&world).await;
    for subscriber in &all {
        assert_eq!(process.post.to(subscriber), ["slow investigating", "slow identified"]);
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_bounces_is_told_nothing_more_and_the_rest_is_dropped() {
    let mut world = World::new().await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    let process = Process::start(&world, "here");
    process.post.answer(&ann, sent(Verdict::Dead, Tells::Gone(StopReason::Bounced)));
    for incident in ["one", "two"] {
        world.say(incident, Investigating, &[]).await;
    }
    world.tick().await.expect("runs");
    until_finished(&world).await;
    assert_eq!(process.post.to(&ann).len(), 1);
    let subscriber = held(&world, &ann).await;
    assert!(matches!(subscriber.state, SubscriberState::Stopped { reason: StopReason::Bounced, .. }));
    assert!(world.notices().await.iter().all(|notice| notice.state_name() == "dead"));
    world.say("three", Investigating, &[]).await;
    world.tick().await.expect("runs");
    assert_eq!(world.notices().await.len(), 2, "nothing is stored for whoever hears nothing");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_three_in_a_row_for_good_not_is_left_alone_and_our_own_faults_do_not_count() {
    let mut world = World::new().await;
    let (ann, bob) =
        (world.subscribe("ann", &[], world.clock_now()).await, world.subscribe("bob", &[], world.clock_now()).await);
    let process = Process::start(&world, "here");
    process.post.answer(&ann, sent(Verdict::Dead, Tells::Nothing));
    process.post.answer(&bob, sent(Verdict::Dead, Tells::OfUs));
    for incident in ["one", "two", "three", "four"] {
        world.say(incident, Investigating, &[]).await;
        world.tick().await.expect("runs");
        process.announcer.wake();
        until_finished(&world).await;
    }
    assert_eq!((process.post.to(&ann).len(), process.post.to(&bob).len()), (3, 4));
    assert!(matches!(held(&world, &ann).await.state, SubscriberState::Stopped { reason: StopReason::Failing, .. }));
    assert_eq!((held(&world, &bob).await.failures, held(&world, &bob).await.is_active()), (0, true));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_tried_again_and_what_follows_waits_for_it() {
    let mut world = World::new().await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    let process = Process::start(&world, "here");
    let retry = Verdict::Retry { after: None, may_have_arrived: false };
    process.post.answer(&ann, sent(retry, Tells::Nothing));
    for status in [Investigating, Resolved] {
        world.say("slow", status, &[]).await;
        world.skip(1);
    }
    world.run_again().await.expect("runs");
    eventually(SOON, "it is tried", async || (process.post.count() == 1).then_some(())).await;
    process.post.answer(&ann, sent(Verdict::Delivered, Tells::Nothing));
    let waits = async || (world.unfinished(&ann).await.first()?.tries == 1).then_some(());
    eventually(SOON, "it waits", waits).await;
    let together = async || {
        let unfinished = world.unfinished(&ann).await;
        (unfinished[0].ready_at() == unfinished[1].ready_at()).then_some(())
    };
    eventually(SOON, "what follows is ready no sooner", together).await;
    world.clock.set(world.clock_now().plus(Span::from_seconds(6)));
    until_finished(&world).await;
    assert_eq!(process.post.to(&ann), ["slow investigating", "slow investigating", "slow resolved"]);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_that_is_gone_had_in_hand_is_sent_by_the_next_at_once() {
    let mut world = World::new().await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    world.say("slow", Investigating, &[]).await;
    world.tick().await.expect("runs");
    let notice = world.unfinished(&ann).await.remove(0);
    let lease = Lease { holder: "gone".to_owned(), until: world.clock_now().plus(Span::from_seconds(50)) };
    assert!(world.store.change_notice(&notice.leased(lease)).await.expect("stored"));
    let process = Process::start(&world, "here");
    until_finished(&world).await;
    assert_eq!(process.post.to(&ann), ["slow investigating"]);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_stored_is_stored_later_and_not_sent_again() {
    let mut world = World::new().await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    let process = Process::start(&world, "here");
    world.say("slow", Investigating, &[]).await;
    *process.post.breaks.lock().expect("not poisoned") = Some(Arc::clone(&world.store));
    world.tick().await.expect("runs");
    eventually(SOON, "it is sent", async || (process.post.count() == 1).then_some(())).await;
    assert_eq!(world.unfinished(&ann).await[0].state_name(), "sending");
    world.store.heal();
    until_finished(&world).await;
    assert_eq!(process.post.to(&ann), ["slow investigating"]);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_meanwhile_is_dropped_with_the_reason() {
    let mut world = World::new().await;
    let (ann, bob) =
        (world.subscribe("ann", &[], world.clock_now()).await, world.subscribe("bob", &[], world.clock_now()).await);
    let said = world.say("slow", Investigating, &[]).await;
    world.tick().await.expect("runs");
    let told = world.incidents().await.remove(0);
    let mut hidden = told.clone();
    (hidden.draft, hidden.version) = (true, told.version + 1);
    world.store.change_incident(&hidden).await.expect("stored");
    let stopped = held(&world, &bob).await.stopped(StopReason::Refused, "no", world.clock_now());
    world.store.change_subscriber(&stopped).await.expect("stored");
    let process = Process::start(&world, "here");
    until_finished(&world).await;
    assert_eq!((process.post.count(), said.id), (0, told.id));
    for (subscriber, want) in [(ann, "the incident is gone"), (bob, "nothing is sent to this subscriber any more")] {
        let of = world.store.notices(&world.tenant, Some(&subscriber), None, 10).await.expect("reads");
        assert!(matches!(&of[0].state, DeliveryState::Dead { reason, .. } if reason == want), "{of:?}");
    }
    process.stop().await;
}

const SLOW: &str = "https://slow.example.org/";

/// So many of the world's tenant at a host that hangs, of whom ten are being told, and a process in which that is so.
async fn hanging(world: &mut World, count: usize) -> Process {
    for number in 0..count {
        let channel = Channel::new(ChannelKind::Webhook, &format!("{SLOW}{number}"), &SystemEntropy);
        world.subscribe_by(channel, &[], world.clock_now()).await;
    }
    let process = Process::start(world, "here");
    *process.post.hangs.lock().expect("not poisoned") = Some(SLOW);
    world.say("slow", Investigating, &[]).await;
    world.tick().await.expect("runs");
    process.announcer.wake();
    let hanging = async || (process.post.hanging.load(Ordering::Acquire) == 10).then_some(());
    eventually(SOON, "ten hang", hanging).await;
    world.skip(1);
    process
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_at_a_host_that_hangs_keep_nobody_else_waiting() {
    let mut world = World::new().await;
    let process = hanging(&mut world, 2_000).await;
    for number in 0..3 {
        let channel = Channel::new(ChannelKind::Webhook, "https://quick.example.org/", &SystemEntropy);
        let asked = world.ask_another_tenant(&format!("other{number}"), channel).await;
        process.announcer.wake();
        let is_told = async || (process.post.to(&asked.id) == ["confirm"]).then_some(());
        eventually(5, "another tenant's is sent", is_told).await;
    }
    assert_eq!(process.post.hanging.load(Ordering::Acquire), 10, "no more than ten at once at one host");
    process.post.let_go.cancel();
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_at_a_host_that_hangs_keep_none_of_their_own_tenant_waiting() {
    let mut world = World::new().await;
    let process = hanging(&mut world, 400).await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    world.say("other", Investigating, &[]).await;
    world.run_again().await.expect("runs");
    process.announcer.wake();
    let is_told = async || (process.post.to(&ann) == ["other investigating"]).then_some(());
    eventually(5, "another's is sent", is_told).await;
    process.post.let_go.cancel();
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_left_and_came_back_is_told_nothing_of_before() {
    let mut world = World::new().await;
    world.add("api", ProbeSpec::Push).await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    world.say("slow", Investigating, &[]).await;
    let begins = world.clock_now().plus(Span::days(1));
    let (id, api) = ("backup".parse().expect("slug"), "api".parse().expect("slug"));
    let planned = Maintenance::once(world.tenant.clone(), id, "Backup", vec![api], begins..begins.plus(Span::hours(1)));
    let planned = Maintenance { announced_at: Some(world.clock_now()), ..planned };
    world.store.create_maintenance(&planned).await.expect("stored");
    world.tick().await.expect("runs");
    let orphans = world.unfinished(&ann).await;
    assert_eq!(orphans.len(), 2);
    world.store.remove_subscriber(&world.tenant, &ann).await.expect("removed");
    world.skip(1);
    assert_eq!(world.subscribe("ann", &[], world.clock_now()).await, ann, "an address has one id");
    // As a tick does that read the subscribers before.
    world.store.put_notices_if_absent(&orphans).await.expect("stored");
    let process = Process::start(&world, "here");
    until_finished(&world).await;
    let late = |notice: &Notice| matches!(&notice.state, DeliveryState::Dead { reason, .. } if reason == "the subscription was confirmed later");
    let notices = world.notices().await;
    assert!(notices.len() == 2 && notices.iter().all(late), "{notices:?}");
    world.say("slow", Identified, &[]).await;
    world.tick().await.expect("runs");
    process.announcer.wake();
    until_finished(&world).await;
    assert_eq!(process.post.to(&ann), ["slow identified"]);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_that_is_hidden_before_its_notice_is_sent_is_told_to_nobody() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    world.subscribe("ann", &[], world.clock_now()).await;
    let begins = world.clock_now().plus(Span::days(1));
    let span = begins..begins.plus(Span::hours(1));
    let planned =
        Maintenance::once(world.tenant.clone(), "backup".parse().expect("slug"), "Backup", vec![api.clone()], span);
    let planned = Maintenance { announced_at: Some(world.clock_now()), ..planned };
    world.store.create_maintenance(&planned).await.expect("stored");
    world.tick().await.expect("runs");
    let mut page = PageConfig::of(world.tenant.clone());
    page.version = 1;
    page.arrangement.hidden.insert(api);
    world.store.put_page_config(&page).await.expect("stored");
    let process = Process::start(&world, "here");
    until_finished(&world).await;
    let notices = world.notices().await;
    assert!(matches!(&notices[..], [one] if one.state_name() == "dead"), "{notices:?}");
    assert_eq!(process.post.count(), 0);
    process.stop().await;
}
