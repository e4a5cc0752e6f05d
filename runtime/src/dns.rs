//! Looks TXT records up: how a tenant proves that the name of a host is its own.
//!
//! Nothing is cached, since a record is looked up when somebody has just changed it; and the servers are read anew each
//! time, as seldom as that is. Resolving through the system's library was rejected: it knows addresses only.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RData;

/// How long a look-up takes at most.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long one server is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why nothing is known of a name's records: the servers could not be asked, or would not say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("DNS does not answer: {0}")]
pub struct DnsUnavailable(String);

impl DnsUnavailable {
    /// `reason`, in words.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Where TXT records are looked up.
#[async_trait]
pub trait TxtRecords: Send + Sync {
    /// The TXT records of `name`, each with its parts joined; none when there is no such name.
    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsUnavailable>;
}

/// Asks DNS.
#[derive(Clone, Debug)]
pub struct Dns {
    servers: Vec<SocketAddr>,
}

impl Dns {
    /// Asks these servers; without any, those that the system asks.
    pub const fn new(servers: Vec<SocketAddr>) -> Self {
        Self { servers }
    }

    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let mut builder = if self.servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            TokioResolver::builder_with_config(config_of(&self.servers), TokioRuntimeProvider::default())
        };
        settle(builder.options_mut());
        builder.build()
    }
}

fn settle(options: &mut ResolverOpts) {
    options.cache_size = 0;
    options.timeout = PATIENCE;
    options.attempts = 1;
}

/// Servers of one address and several ports are one server with several connections, as the library wants it.
fn config_of(servers: &[SocketAddr]) -> ResolverConfig {
    let mut ports: BTreeMap<IpAddr, Vec<u16>> = BTreeMap::new();
    for server in servers {
        ports.entry(server.ip()).or_default().push(server.port());
    }
    let at = |mut connection: ConnectionConfig, port| {
        connection.port = port;
        connection
    };
    let server = |(ip, ports): (IpAddr, Vec<u16>)| {
        let both = |port| [at(ConnectionConfig::udp(), port), at(ConnectionConfig::tcp(), port)];
        NameServerConfig::new(ip, true, ports.into_iter().flat_map(both).collect())
    };
    ResolverConfig::from_name_servers(ports.into_iter().map(server).collect())
}

#[async_trait]
impl TxtRecords for Dns {
    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsUnavailable> {
        let failed = |error: NetError| DnsUnavailable(error.to_string());
        let resolver = self.resolver().map_err(failed)?;
        // With the dot the name is whole: no domain of the system's is tried behind it.
        let name = format!("{}.", name.trim_end_matches('.'));
        let looked_up = tokio::time::timeout(TIME_LIMIT, resolver.txt_lookup(name)).await;
        let late = || DnsUnavailable(format!("no answer within {} s", TIME_LIMIT.as_secs()));
        match looked_up.map_err(|_| late())? {
            Ok(found) => Ok(found.answers().iter().filter_map(|record| text_of(&record.data)).collect()),
            Err(error) if is_empty(&error) => Ok(Vec::new()),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Whether a server said that there is no such record.
fn is_empty(error: &NetError) -> bool {
    let NetError::Dns(DnsError::NoRecordsFound(nothing)) = error else { return false };
    matches!(nothing.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
}

fn text_of(data: &RData) -> Option<String> {
    let RData::TXT(text) = data else { return None };
    let bytes: Vec<u8> = text.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::op::{Message, OpCode};
    use hickory_resolver::proto::rr::Record;
    use hickory_resolver::proto::rr::rdata::TXT;
    use hickory_resolver::proto::serialize::binary::{BinDecodable, BinEncodable};
    use tokio::net::UdpSocket;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    /// A server that answers every question with these records, or with a code; the names that are asked for.
    async fn server(answer: Result<Vec<Vec<&'static str>>, ResponseCode>) -> (SocketAddr, UnboundedReceiver<String>) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let address = socket.local_addr().expect("an address");
        let (tell, asked) = unbounded_channel();
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        tokio::spawn(async move {
            let mut bytes = [0; 1_500];
            while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
                let question = Message::from_bytes(&bytes[..length]).expect("a message");
                let _ = tell.send(question.queries.first().expect("a question").name().to_string());
                socket.send_to(&said(&question, &answer), from).await.expect("sent");
            }
        });
        (address, asked)
    }

    fn said(asked: &Message, answer: &Result<Vec<Vec<&'static str>>, ResponseCode>) -> Vec<u8> {
        let question = asked.queries.first().expect("a question").clone();
        let mut said = Message::response(asked.metadata.id, OpCode::Query);
        said.add_query(question.clone());
        match answer {
            Ok(records) => {
                for parts in records {
                    let text = TXT::new(parts.iter().map(|part| (*part).to_owned()).collect());
                    said.add_answer(Record::from_rdata(question.name().clone(), 60, RData::TXT(text)));
                }
            }
            Err(code) => said.metadata.response_code = *code,
        }
        said.to_bytes().expect("bytes")
    }

    #[tokio::test]
    async fn the_parts_of_a_record_are_one_text_and_the_name_is_asked_for_as_it_is() {
        let (address, mut asked) = server(Ok(vec![vec!["v=spf1 -all"], vec!["plimsoll-", "verify=abc"]])).await;
        let found = Dns::new(vec![address]).txt("_plimsoll.status.example.org").await;
        assert_eq!(found, Ok(vec!["v=spf1 -all".to_owned(), "plimsoll-verify=abc".to_owned()]));
        assert_eq!(asked.recv().await.as_deref(), Some("_plimsoll.status.example.org."));
    }

    #[tokio::test]
    async fn a_name_that_is_not_there_has_no_records() {
        for code in [ResponseCode::NXDomain, ResponseCode::NoError] {
            let (address, _) = server(Err(code)).await;
            assert_eq!(Dns::new(vec![address]).txt("none.example.org").await, Ok(Vec::new()), "{code}");
        }
    }

    #[tokio::test]
    async fn a_server_that_fails_says_nothing_of_the_name() {
        for code in [ResponseCode::ServFail, ResponseCode::Refused] {
            let (address, _) = server(Err(code)).await;
            Dns::new(vec![address]).txt("a.example.org").await.expect_err("it failed");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_longer_than_the_limit() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let began = tokio::time::Instant::now();
        let address = silent.local_addr().expect("an address");
        Dns::new(vec![address]).txt("a.example.org").await.expect_err("nobody answers");
        assert!(began.elapsed() <= TIME_LIMIT, "{:?}", began.elapsed());
    }
}
