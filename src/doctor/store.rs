//! Whether the store can be used, and what it is.

use plimsoll_domain::time::Clock;
use plimsoll_runtime::system_clock::SystemClock;
use plimsoll_store::inspect::{Deployment, Folder, Inspection, Place, inspect};
use plimsoll_store::{OpenOptions, StoreError};

use super::finding::Finding;
use super::patient::Patient;

const ABOUT: &str = "store";
/// The oldest release of MongoDB that Plimsoll is tested with.
const OLDEST: u32 = 6;

pub(super) async fn look(patient: &Patient<'_>) -> (Vec<Finding>, Option<Inspection>) {
    let asked_at = SystemClock.now();
    match inspect(&OpenOptions { uri: patient.config.store.clone() }).await {
        Ok(inspection) => {
            let findings = match &inspection.place {
                Place::Embedded(folder) => vec![embedded(folder)],
                Place::MongoDb(deployment) => {
                    // Wherever it runs, it may be here.
                    let is_here = ["localhost", "127.0.0.1", "[::1]"].iter().any(|h| patient.config.store.contains(h));
                    patient.note_clock("MongoDB".to_owned(), deployment.clock, asked_at, (0, is_here));
                    mongodb(deployment)
                }
            };
            (findings, Some(inspection))
        }
        Err(error) => (vec![failed(&error)], None),
    }
}

fn failed(error: &StoreError) -> Finding {
    let advice = match error {
        StoreError::Unavailable { .. } => {
            "start it, and see that PLIMSOLL_STORE names it and that no firewall is between"
        }
        StoreError::Unreadable { .. } => "restore it from a backup: see docs/operations.md",
        _ => "see PLIMSOLL_STORE",
    };
    Finding::failed(ABOUT, error, advice)
}

fn embedded(folder: &Folder) -> Finding {
    let path = folder.path.display();
    let Some(bytes) = folder.bytes else {
        return Finding::ok(ABOUT, format!("embedded in {path}: there is none yet, the first start makes it"));
    };
    let size = bytes.div_ceil(1_024);
    match (folder.is_in_use, folder.was_left_open) {
        (true, _) => Finding::ok(ABOUT, format!("embedded in {path}, {size} KiB: a running server has it open")),
        (_, true) => {
            let seen = format!("embedded in {path}, {size} KiB: a server that had it open did not end in order");
            Finding::warning(ABOUT, seen, "nothing, if that is known: the next start takes up what it had written")
        }
        _ => Finding::ok(ABOUT, format!("embedded in {path}, {size} KiB: it can be read, and no server has it open")),
    }
}

fn mongodb(deployment: &Deployment) -> Vec<Finding> {
    let Deployment { version, replica_set, members, members_up, .. } = deployment;
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    let what = match replica_set {
        Some(name) => format!("MongoDB {version}, replica set {name} with {members} members"),
        None => format!("MongoDB {version}, a sharded cluster"),
    };
    let reached = match major {
        Some(major) if major < OLDEST => {
            Finding::warning(ABOUT, what, format!("Plimsoll is not tested with it: update it to {OLDEST} or later"))
        }
        _ => Finding::ok(ABOUT, what),
    };
    vec![reached, durability(*members, *members_up)]
}

/// Our writes wait for the journals of a majority, whatever the URI says.
fn durability(members: usize, up: Option<usize>) -> Finding {
    let about = "write concern";
    let needed = members / 2 + 1;
    match up {
        _ if members == 0 => Finding::ok(about, "writes wait for the journals of a majority of each shard"),
        None => Finding::ok(
            about,
            "writes wait for the journals of a majority; how many members are up this user may not ask",
        ),
        Some(up) if up < needed => {
            let seen = format!("writes wait for the journals of {needed} members, and {up} are up");
            Finding::failed(about, seen, "start the others: until then nothing can be stored")
        }
        Some(up) if up < members => {
            let seen = format!("writes wait for the journals of {needed} members; {up} of {members} are up");
            Finding::warning(about, seen, "start the others: if another one goes, nothing can be stored")
        }
        Some(up) => Finding::ok(about, format!("writes wait for the journals of {needed} members; all {up} are up")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_majority_that_is_away_is_a_failure_and_a_member_a_warning() {
        for (members, up, verdict) in [
            (3, Some(3), Verdict::Ok),
            (3, Some(2), Verdict::Warning),
            (3, Some(1), Verdict::Failed),
            (1, Some(1), Verdict::Ok),
            (3, None, Verdict::Ok),
            (0, None, Verdict::Ok),
        ] {
            assert_eq!(durability(members, up).verdict, verdict, "{members} {up:?}");
        }
    }
}
