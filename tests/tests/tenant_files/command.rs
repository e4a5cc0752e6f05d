//! The client commands as a person types them, and what they come to.

use std::process::Command;

use plimsoll_tests::Server;

/// What a command came to.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command against `server` with `key` and `variables`.
pub(crate) fn run_with(server: &Server, key: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    Ran::of(
        server.command(arguments).env("PLIMSOLL_URL", server.url()).env("PLIMSOLL_KEY", key).envs(variables.to_vec()),
    )
}

impl Ran {
    /// Runs `command` to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The same, that ended with `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }
}
