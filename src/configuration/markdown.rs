//! docs/configuration.md.

use std::fmt::Write as _;

use plimsoll_runtime::config::{Fallback, Key, keys};

const HEAD: &str = "\
# Configuration
Every key, as `plimsoll config --format markdown` prints it: this file is made by it, and a test compares the two.

Read once, at start: first the TOML file that `--config` or `PLIMSOLL_CONFIG` names, then the variables, which win. In the file a key is the
variable's name in lower case without `PLIMSOLL_`, e.g. `http_addr`, `otel_service_name`, `log_format`; what takes several values may be a list there.
`plimsoll config --format toml` writes such a file, every line with what it means.

A name that is no key is refused, and so is a value that is not what its key expects; an empty variable is none. Of the `OTEL_*` variables, those
that do not stand here are ignored: they may be there for other programs. `plimsoll config` lists all keys with their values and where those come
from, also when some are wrong, and shows no secret; `plimsoll doctor` tries out what they lead to.
";

pub(super) fn written() -> String {
    let mut text = HEAD.to_owned();
    for section in keys::SECTIONS {
        write!(
            text,
            "\n## {}\n| variable | meaning | default | when to change it |\n|---|---|---|---|\n",
            section.title
        )
        .expect("memory takes it");
        section.keys.iter().for_each(|key| text.push_str(&row(key)));
    }
    text.push_str("\n## Variables of the command line\n| variable | meaning |\n|---|---|\n");
    for (variable, meaning) in keys::COMMAND_LINE {
        writeln!(text, "| `{variable}` | {meaning} |").expect("memory takes it");
    }
    text
}

fn row(key: &Key) -> String {
    let default = match key.default {
        Fallback::Value(value) => format!("`{value}`"),
        Fallback::Words(words) => words.to_owned(),
    };
    format!("| `{}` | {} | {default} | {} |\n", key.variable, key.meaning, key.when)
}
