//! How a server is started: on which store, with which variables.

use std::collections::BTreeMap;

use plimsoll_domain::time::Span;
use tokio::sync::OnceCell;

use crate::Server;
use crate::mongod::Mongod;

/// The length of a tick in these tests, which is the shortest there is.
pub const INTERVAL: Span = Span::from_seconds(5);

/// The platform owner's key, unless a test leaves it out.
pub const ROOT_KEY: &str = "the-root-key-of-the-black-box-tests";

/// Which store a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    /// The one in a folder.
    Embedded,
    /// A database of its own on a real mongod.
    MongoDb,
}

/// A server that is not started yet.
#[derive(Clone, Debug)]
pub struct Setup {
    store: Option<String>,
    variables: BTreeMap<String, String>,
}

impl Setup {
    /// On the embedded store, in a folder of its own: short ticks, a short settle time, loopback may be probed.
    pub fn embedded() -> Self {
        let interval = INTERVAL.seconds().to_string();
        let variables = [
            ("LOG_FORMAT", "json"),
            ("RUST_LOG", "info,plimsoll_jobs=debug"),
            ("PLIMSOLL_ROOT_KEY", ROOT_KEY),
            ("PLIMSOLL_SAMPLING_INTERVAL_SECONDS", &interval),
            ("PLIMSOLL_SETTLE_SECONDS", "3"),
            ("PLIMSOLL_EGRESS_ALLOW", "127.0.0.0/8"),
            ("PLIMSOLL_EGRESS_ALLOW_PUBLIC", "127.0.0.0/8"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { store: None, variables: variables.into() }
    }

    /// The same on the database that `uri` names.
    pub fn mongodb(uri: &str) -> Self {
        Self { store: Some(uri.to_owned()), ..Self::embedded() }
    }

    /// On `backing`; a mongod is started once for all tests of a process, and goes with it.
    pub async fn on(backing: Backing) -> Self {
        match backing {
            Backing::Embedded => Self::embedded(),
            Backing::MongoDb => Self::mongodb(&shared_mongod().await.uri()),
        }
    }

    /// The same with a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same without a variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// Starts it, and waits until it is ready.
    pub async fn start(self) -> Server {
        let mut server = self.stopped();
        server.start_again().await;
        server
    }

    /// The server, not started.
    pub fn stopped(self) -> Server {
        Server::new(self.store, self.variables)
    }
}

async fn shared_mongod() -> &'static Mongod {
    static MONGOD: OnceCell<Mongod> = OnceCell::const_new();
    let start = async || Mongod::start().await.unwrap_or_else(|error| panic!("mongod: {error:#}"));
    MONGOD.get_or_init(start).await
}
