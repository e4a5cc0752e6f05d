//! Whether this machine's clock can be right, from what other clocks said while other things were looked at.
//!
//! Asking a time server was rejected: it is one more address that must be reached and trusted, and whoever runs servers has
//! something better on the machine. So it is said plainly when no other clock was seen.

use super::finding::Finding;
use super::patient::{Patient, Reading};

/// Ticks and signatures bear so much, in milliseconds.
const BEARABLE: i64 = 5_000;
/// From here on, samples land in other ticks and signed requests are refused.
const TOO_MUCH: i64 = 60_000;

pub(super) fn judge(patient: &Patient<'_>) -> Finding {
    verdict(&patient.clocks())
}

fn verdict(clocks: &[Reading]) -> Finding {
    let about = "clock";
    let Some(worst) = clocks.iter().max_by_key(|clock| surely_off(clock)) else {
        return Finding::not_checked(about, "no other clock was seen");
    };
    let off = surely_off(worst);
    if off > BEARABLE {
        let way = if worst.ahead > 0 { "behind" } else { "ahead of" };
        let seen = format!("this machine is {} s {way} {}", worst.ahead.abs() / 1_000, worst.whose);
        let advice = "see which of the two is right, and that both follow a time server (`timedatectl status`)";
        let told = if off > TOO_MUCH { Finding::failed } else { Finding::warning };
        return told(about, seen, advice.to_owned());
    }
    let others: Vec<&str> =
        clocks.iter().filter(|clock| !clock.may_be_ours).map(|clock| clock.whose.as_str()).collect();
    match others.as_slice() {
        [] => Finding::not_checked(about, "every server that was asked runs on this machine, and has its clock"),
        others => Finding::ok(about, format!("as those of {}, to a few seconds", others.join(", "))),
    }
}

/// By how much it differs at least.
const fn surely_off(clock: &Reading) -> i64 {
    let off = clock.ahead.saturating_abs().saturating_sub(clock.error);
    if off > 0 { off } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn reading(ahead: i64, may_be_ours: bool) -> Reading {
        Reading { whose: "db".to_owned(), ahead, error: 600, may_be_ours }
    }

    #[test]
    fn a_clock_is_judged_by_those_that_are_not_its_own() {
        for (clocks, verdict_expected) in [
            (vec![], Verdict::NotChecked),
            (vec![reading(400, true)], Verdict::NotChecked),
            (vec![reading(400, true), reading(-300, false)], Verdict::Ok),
            (vec![reading(7_000, false)], Verdict::Warning),
            (vec![reading(-90_000, true)], Verdict::Failed),
        ] {
            let found = verdict(&clocks);
            assert_eq!(found.verdict, verdict_expected, "{clocks:?} {found:?}");
        }
        assert!(verdict(&[reading(-90_000, false)]).seen.contains("90 s ahead of db"));
        assert!(verdict(&[reading(90_000, false)]).seen.contains("90 s behind db"));
    }
}
