//! `plimsoll man` and `plimsoll completions`: made from the command line's own definition, so that they cannot say
//! anything else.
//!
//! One page for all commands was preferred to one for each: it is found by the program's name, and is one file to install.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use plimsoll_runtime::config::{Key, keys};

const EXIT: &str = "0 when what was asked for was done; 1 when it was not, when the command line is wrong, when doctor found something \
                    that fails, or when health found a server that is not well; 2 when diff found what apply would change.";

/// The manual page, as roff.
pub(crate) fn page(mut command: Command) -> io::Result<Vec<u8>> {
    // Fills in what is only known once everything is: names, versions, options that hold for all.
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for inner in described(&command) {
        let name = inner.get_bin_name().unwrap_or_else(|| inner.get_name()).to_owned();
        section(&mut page, &name, &inner)?;
    }
    environment().to_writer(&mut page)?;
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// The commands within `command` that do something themselves, at any depth.
fn described(command: &Command) -> Vec<Command> {
    let inner = command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set());
    let deep = |inner: &Command| if inner.has_subcommands() { described(inner) } else { vec![inner.clone()] };
    inner.flat_map(deep).collect()
}

/// A command as a section, what would be sections of its own page as parts of it.
fn section(page: &mut Vec<u8>, name: &str, command: &Command) -> io::Result<()> {
    Roff::new().control("SH", [name.to_uppercase().as_str()]).to_writer(page)?;
    let man = Man::new(command.clone().version(None::<&str>));
    let mut parts = Vec::new();
    man.render_synopsis_section(&mut parts)?;
    man.render_description_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    if command.get_after_help().is_some() || command.get_after_long_help().is_some() {
        man.render_extra_section(&mut parts)?;
    }
    let parts = String::from_utf8_lossy(&parts).into_owned();
    for line in parts.lines() {
        match line.strip_prefix(".SH ") {
            Some(title) => page.extend(format!(".SS {title}\n").bytes()),
            None => page.extend(format!("{line}\n").bytes()),
        }
    }
    Ok(())
}

fn environment() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["CONFIGURATION"]);
    roff.text([roman(
        "Variables, or keys of the file that --config names: there in lower case and without PLIMSOLL_.",
    )]);
    for section in keys::SECTIONS {
        roff.control("SS", [section.title]);
        for key in section.keys {
            entry(&mut roff, key.variable, &described_key(key));
        }
    }
    roff.control("SS", ["Variables of the command line"]);
    for (variable, meaning) in keys::COMMAND_LINE {
        entry(&mut roff, variable, meaning);
    }
    roff.control("SH", ["EXIT STATUS"]);
    roff.text([roman(EXIT)]);
    roff
}

fn described_key(key: &Key) -> String {
    format!("{} Default: {}.", key.meaning, key.default.text()).replace('`', "")
}

fn entry(roff: &mut Roff, term: &str, words: &str) {
    roff.control("TP", []);
    roff.text([roman(term)]);
    roff.text([roman(words.replace('`', ""))]);
}
