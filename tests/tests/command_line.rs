//! The program as somebody meets it who has never seen it: its help, its manual, its completions, and its configuration.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use plimsoll_tests::{Server, Setup};
use serde_json::Value;

/// A server's folder, without any of the variables that a test's server has.
fn somebody() -> Server {
    let setup = Setup::embedded().without("PLIMSOLL_ROOT_KEY").without("LOG_FORMAT").without("RUST_LOG");
    let setup = setup.without("PLIMSOLL_SAMPLING_INTERVAL_SECONDS").without("PLIMSOLL_SETTLE_SECONDS");
    setup.without("PLIMSOLL_EGRESS_ALLOW").without("PLIMSOLL_EGRESS_ALLOW_PUBLIC").stopped()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// What `program` says of `input`: whether it is content, and its words.
fn fed(program: &str, arguments: &[&str], input: &str) -> (bool, String) {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut pipe = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writing = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writing.join().expect("no panic").expect("it is read");
    let words = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&words).into_owned())
}

/// The commands in the help of `command`.
fn commands(program: &Server, command: &[&str]) -> Vec<String> {
    let help = text(&program.run(&[command, &["--help"]].concat()));
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()));
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_explains_itself() {
    let program = somebody();
    let help = text(&program.run(&["help"]));
    assert!(help.contains("Examples:") && help.contains("PLIMSOLL_CONFIG") && help.contains("PLIMSOLL_URL"), "{help}");
    let all = commands(&program, &[]);
    for expected in ["serve", "config", "doctor", "health", "secrets", "export", "man", "completions"] {
        assert!(all.iter().any(|name| name == expected), "{expected} in {all:?}");
    }
    for name in &all {
        let help = text(&program.run(&["help", name]));
        assert!(help.contains("Usage: plimsoll"), "{help}");
        assert!(help.starts_with(char::is_uppercase) && !help.starts_with("Usage"), "a sentence on top: {help}");
        assert_eq!(help, text(&program.run(&[name, "--help"])));
        for inner in commands(&program, &[name]) {
            assert!(text(&program.run(&["help", name, &inner])).contains("Usage: plimsoll"));
        }
    }
    let wrong = program.run(&["serv"]);
    let words = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(wrong.status.code() == Some(1) && words.contains("'serve'"), "{words}");
}

#[test]
fn the_manual_page_holds_every_command_and_every_key() {
    let program = somebody();
    let page = text(&program.run(&["man"]));
    let (content, complaints) = fed("mandoc", &["-Tlint", "-Werror"], &page);
    assert!(content, "{complaints}");
    let (_, shown) = fed("mandoc", &["-Tascii"], &page);
    // Bold is written over itself.
    let shown: String = shown.split('\u{8}').enumerate().fold(String::new(), |mut all, (at, part)| {
        if at > 0 {
            all.pop();
        }
        all + part
    });
    for name in commands(&program, &[]).iter().filter(|name| *name != "secrets") {
        let title = format!("PLIMSOLL {}", name.to_uppercase());
        assert!(shown.contains(&title), "{title} in {shown}");
    }
    for expected in ["PLIMSOLL SECRETS ROTATE", "PLIMSOLL_HTTP_ADDR", "OTEL_TRACES_SAMPLER", "EXIT STATUS", "Examples:"]
    {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
}

#[test]
fn a_shell_completes_commands_options_and_values() {
    let program = somebody();
    let script = text(&program.run(&["completions", "bash"]));
    let (content, complaints) = fed("bash", &["-n"], &script);
    assert!(content, "{complaints}");
    for (typed, expected) in [("doc", "doctor"), ("config --form", "--format"), ("completions fi", "fish")] {
        let words = format!("plimsoll {typed}");
        let (count, last) = (words.split(' ').count() - 1, words.split(' ').next_back().expect("a word"));
        let before = words.split(' ').nth(count - 1).expect("a word before");
        let ask = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={count}; _plimsoll plimsoll '{last}' '{before}'; echo \"${{COMPREPLY[*]}}\""
        );
        let (_, reply) = fed("bash", &[], &ask);
        assert!(reply.split_whitespace().any(|word| word == expected), "{typed}: {reply}");
    }
    for shell in ["zsh", "fish"] {
        let script = text(&program.run(&["completions", shell]));
        let (content, complaints) = fed(shell, &["-n"], &script);
        assert!(content, "{shell}: {complaints}");
    }
    for shell in ["elvish", "powershell"] {
        assert!(text(&program.run(&["completions", shell])).contains("doctor"), "{shell}");
    }
}

#[test]
fn the_configuration_is_listed_with_its_sources_and_without_its_secrets() {
    let mut program = somebody();
    let file = program.data().with_extension("toml");
    std::fs::write(&file, "site_tenant = \"acme\"\nsmtp_url = \"smtps://user:czNjcjN0@mail.example.com\"\n")
        .expect("written");
    program.configure("PLIMSOLL_CONFIG", Some(&file.display().to_string()));
    program.configure("PLIMSOLL_ROOT_KEY", Some("czNjcjN0czNjcjN0czNjcjN0"));
    program.configure("PLIMSOLL_EGRESS_ALLOW", Some("10.0.0.0/8"));
    for format in ["text", "json", "toml", "markdown"] {
        let listed = text(&program.run(&["config", "--format", format]));
        assert!(!listed.contains("czNjcjN0") && listed.contains("PLIMSOLL_SMTP_CA_FILE"), "{listed}");
    }
    let listed: Value = serde_json::from_str(&text(&program.run(&["config", "--format", "json"]))).expect("JSON");
    let settings = listed["settings"].as_array().expect("a list");
    for (variable, value, source) in [
        ("PLIMSOLL_SITE_TENANT", Some("acme"), "file"),
        ("PLIMSOLL_SMTP_URL", Some("smtps://••••@mail.example.com"), "file"),
        ("PLIMSOLL_ROOT_KEY", Some("••••"), "variable"),
        ("PLIMSOLL_EGRESS_ALLOW", Some("10.0.0.0/8"), "variable"),
        ("RUST_LOG", None, "default"),
    ] {
        let setting = settings.iter().find(|setting| setting["variable"] == variable).expect("it is listed");
        assert!(setting["value"].as_str() == value && setting["source"] == source, "{setting}");
    }
}

#[test]
fn a_wrong_configuration_is_listed_too_and_every_fault_is_named() {
    let mut program = somebody();
    program.configure("PLIMSOLL_SETTLE_SECONDS", Some("for ever"));
    program.configure("OTEL_TRACES_SAMPLER", Some("sometimes"));
    program.configure("PLIMSOLL_HTPP_ADDR", Some("127.0.0.1:1"));
    let output = program.run(&["config"]);
    assert_eq!(output.status.code(), Some(1));
    let (listed, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for named in ["PLIMSOLL_SETTLE_SECONDS", "OTEL_TRACES_SAMPLER", "did you mean PLIMSOLL_HTTP_ADDR?"] {
        assert!(words.contains(named) && listed.contains(named), "{named}: {words}\n{listed}");
    }
    assert!(listed.contains("PLIMSOLL_SITE_TENANT = plimsoll  [default]"), "{listed}");
}

#[test]
fn the_file_that_is_written_is_a_file_that_is_read() {
    let mut program = somebody();
    program.configure("PLIMSOLL_SETTLE_SECONDS", Some("7"));
    let file = program.data().with_extension("toml");
    std::fs::write(&file, text(&program.run(&["config", "--format", "toml"]))).expect("written");
    for name in ["PLIMSOLL_SETTLE_SECONDS", "PLIMSOLL_HTTP_ADDR", "PLIMSOLL_STORE", "PLIMSOLL_DATA_DIR"] {
        program.configure(name, None);
    }
    let listed = text(&program.run(&["--config", path(&file), "config"]));
    assert!(listed.contains("PLIMSOLL_SETTLE_SECONDS = 7  [file]"), "{listed}");
}

fn path(file: &Path) -> &str {
    file.to_str().expect("UTF-8")
}
