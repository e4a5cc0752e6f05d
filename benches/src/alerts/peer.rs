//! Alertmanager, Debian's, with a notification for each alert and no wait before it.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use serde_json::json;

use super::receiver::Receiver;
use super::{Target, load};
use crate::cores::{installed, on_core};
use crate::server::Server;

const PROGRAM: &str = "prometheus-alertmanager";

/// A running Alertmanager. It is killed when this is dropped.
pub(super) struct Alertmanager(Server);

impl Alertmanager {
    pub(super) fn start(folder: &Path, receiver: &Receiver, core: u8) -> anyhow::Result<Self> {
        let program = installed(PROGRAM, PROGRAM)?;
        let webhook = json!({"url": receiver.url(), "send_resolved": false, "max_alerts": 0});
        let route = json!({"receiver": "hook", "group_by": ["uid"], "group_wait": "0s", "group_interval": "1s",
            "repeat_interval": "4h"});
        let config = json!({"route": route, "receivers": [{"name": "hook", "webhook_configs": [webhook]}]});
        fs::write(folder.join("config.json"), config.to_string())?;
        let address = format!("127.0.0.1:{}", plimsoll_tests::port::free());
        let mut command = on_core(Some(core), &program);
        let options = [
            ("config.file", folder.join("config.json").display().to_string()),
            ("storage.path", folder.join("data").display().to_string()),
            ("web.listen-address", address.clone()),
            ("cluster.listen-address", String::new()),
            ("log.level", "error".to_owned()),
        ];
        command.args(options.map(|(name, value)| format!("--{name}={value}"))).current_dir(folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(folder.join("log"))?);
        let started = Server::wait_for(command, address, "/-/ready");
        started.map(Self).with_context(|| fs::read_to_string(folder.join("log")).unwrap_or_default())
    }
}

impl Target for Alertmanager {
    fn request(&self, uids: &[String]) -> Vec<u8> {
        crate::http::post("/api/v2/alerts", "none", &load::prometheus_body(uids))
    }

    fn address(&self) -> &str {
        &self.0.address
    }
}
