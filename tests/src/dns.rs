//! A DNS server for tests: hickory's, on a free port of loopback, over UDP and TCP, that knows the TXT records it is told.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hickory_server::net::runtime::Time;
use hickory_server::proto::op::ResponseCode;
use hickory_server::proto::rr::rdata::TXT;
use hickory_server::proto::rr::{RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo, Server};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::Runtime;

use crate::{eventually, port};

const PATIENCE: Duration = Duration::from_secs(5);
const QUEUE: usize = 16;

/// What the server knows: of each name, in lower case and without the dot at its end, the texts of its records.
type Zone = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Dns {
    port: u16,
    zone: Zone,
    /// Its own runtime: when it goes, the sockets go with it.
    running: Option<Runtime>,
}

impl Dns {
    /// One that knows nothing.
    pub async fn start() -> Self {
        let mut dns = Self { port: port::free(), zone: Zone::default(), running: None };
        dns.start_again().await;
        dns
    }

    /// What to configure as `PLIMSOLL_DNS_SERVERS`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Has `name` have these TXT records and no others.
    pub fn set(&self, name: &str, texts: &[&str]) {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        self.zone.lock().expect("not poisoned").insert(name.to_ascii_lowercase(), texts);
    }

    /// Stops answering.
    pub fn stop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }

    /// Answers again, on the same port, with what it knew.
    pub async fn start_again(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (runtime, port) = (runtime.expect("a runtime"), self.port);
        let handle = runtime.handle().clone();
        let bind = async || {
            let _entered = handle.enter();
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
            let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
            listener.set_nonblocking(true).and_then(|()| socket.set_nonblocking(true)).ok()?;
            Some((UdpSocket::from_std(socket).ok()?, TcpListener::from_std(listener).ok()?))
        };
        let (socket, listener) = eventually(5, "the port of the DNS server is free", bind).await;
        let answers = Answers(Arc::clone(&self.zone));
        runtime.spawn(async move {
            let mut server = Server::new(answers);
            server.register_socket(socket);
            server.register_listener(listener, PATIENCE, QUEUE);
            server.block_until_done().await
        });
        self.running = Some(runtime);
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Answers(Zone);

#[async_trait]
impl RequestHandler for Answers {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut to: R) -> ResponseInfo {
        let info = request.request_info().expect("a question");
        let name = info.query.name().to_string().trim_end_matches('.').to_ascii_lowercase();
        let texts = self.0.lock().expect("not poisoned").get(&name).cloned();
        let mut metadata = *info.metadata;
        metadata.message_type = hickory_server::proto::op::MessageType::Response;
        metadata.authoritative = true;
        metadata.response_code = if texts.is_some() { ResponseCode::NoError } else { ResponseCode::NXDomain };
        let asked_for = info.query.query_type() == RecordType::TXT;
        let record = |text: String| {
            let data = RData::TXT(TXT::new(vec![text]));
            Record::from_rdata(info.query.name().into(), 0, data)
        };
        let records: Vec<Record> = texts.unwrap_or_default().into_iter().filter(|_| asked_for).map(record).collect();
        let builder = MessageResponseBuilder::from_message_request(request);
        let response = builder.build(metadata, &records, &[], &[], &[]);
        to.send_response(response).await.expect("whoever asks waits for the answer")
    }
}
