//! The process is killed while Sentry comes and goes and envelopes come in: nothing that was answered 200 is lost.

use std::time::Duration;

use plimsoll_tests::receivers::Sentry;
use plimsoll_tests::{Backing, Chance, Setup};

use super::writers::{Writer, nothing_is_lost_or_out_of_order, write_for};

const SEED: u64 = 0x5eed_2026_1126;
const WRITERS: u64 = 6;

async fn killed_again_and_again(backing: Backing, kills: u32) {
    let mut server = Setup::on(backing).await.with("RUST_LOG", "warn").start().await;
    let sentry = Sentry::start().await;
    let admin = server.tenant("acme").await;
    let mut writers = Vec::new();
    for project in 1..=WRITERS {
        writers.push(Writer::new(&admin, &sentry, project).await);
    }
    let mut chance = Chance::new(SEED);
    let mut is_up = true;
    for round in 0..kills {
        // It is away at the first kill in any case.
        let turns = round == 0 || chance.below(2) == 0;
        write_for(&mut writers, &sentry, Duration::from_millis(100 + chance.below(400))).await;
        if turns && is_up {
            sentry.stop();
        } else if turns {
            sentry.start_again().await;
        }
        is_up ^= turns;
        let load = Duration::from_millis(100 + chance.below(500));
        tokio::join!(write_for(&mut writers, &sentry, load + Duration::from_millis(50)), async {
            tokio::time::sleep(load).await;
            server.kill9();
        });
        server.start_again().await;
    }
    if !is_up {
        sentry.start_again().await;
    }
    nothing_is_lost_or_out_of_order(&writers, &sentry).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dozen_kills_lose_no_envelope_on_the_embedded_store() {
    killed_again_and_again(Backing::Embedded, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_kills_lose_no_envelope_on_mongodb() {
    killed_again_and_again(Backing::MongoDb, 4).await;
}
