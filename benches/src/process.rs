//! What the kernel knows of a process: its processor time and its memory.

use std::fs;

use anyhow::Context;

/// Units of processor time in a second, as `/proc` counts on every Linux that there is.
const UNITS: f64 = 100.0;
const MIB: f64 = 1_024.0;

/// Processor seconds that the process has used, in steps of a hundredth; threads that have ended count.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    cpu_fields(pid).map(|[own, _]| own)
}

/// The same of this process, with those that it has started and that have ended.
pub(crate) fn own_cpu_seconds() -> anyhow::Result<f64> {
    cpu_fields(std::process::id()).map(|both| both.iter().sum())
}

/// Processor seconds of everything that runs on this machine, without interrupts.
pub(crate) fn all_cpu_seconds() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let units = stat.split_whitespace().skip(1).take(3).map(str::parse::<f64>);
    Ok(units.sum::<Result<f64, _>>()? / UNITS)
}

/// Of the process itself, and of its children that have ended.
fn cpu_fields(pid: u32) -> anyhow::Result<[f64; 2]> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is a name in parentheses and may hold spaces; user and system time are the 14th and 15th, and
    // those of ended children follow.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let units = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).context("an unknown /proc/stat");
    Ok([(units(11)? + units(12)?) / UNITS, (units(13)? + units(14)?) / UNITS])
}

/// A process and those that it has started, theirs included.
pub(crate) fn family(pid: u32) -> anyhow::Result<Vec<u32>> {
    let mut found = vec![pid];
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let children = fs::read_to_string(task?.path().join("children"))?;
        for child in children.split_whitespace() {
            found.extend(family(child.parse()?)?);
        }
    }
    Ok(found)
}

/// Resident memory in MiB: now, and at its highest.
pub(crate) fn memory_mib(pid: u32) -> anyhow::Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kib.map(|kib| kib / MIB).with_context(|| format!("no {name} in /proc/status"))
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}
