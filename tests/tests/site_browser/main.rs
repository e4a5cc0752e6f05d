//! The status page in a real browser, under every check of `tests/browser/site`: both themes, three widths, with and without
//! scripts, with a keyboard alone, under axe, the Nu HTML checker and Lighthouse, and watched for what it asks of others.

mod cargo;
mod harbour;
mod live;
mod pages;
mod programs;

use tokio::sync::Mutex;

/// Held by whoever needs most of the machine.
static MACHINE: Mutex<()> = Mutex::const_new(());
