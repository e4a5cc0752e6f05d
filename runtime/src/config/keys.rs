//! Every key, with what it means, its default, and when to change it. This is the only place that says so: variables are
//! matched against it, `plimsoll config` prints it, and docs/configuration.md is made from it.

use super::key::Fallback::{Value, Words};
use super::key::{Key, Section};

/// Variables that the command line itself heeds, and what they mean. They stand in no file.
pub const COMMAND_LINE: [(&str, &str); 3] = [
    ("PLIMSOLL_CONFIG", "The TOML file with the keys below, as `--config`."),
    ("PLIMSOLL_URL", "The server that client commands speak to, as `--server`; `http://127.0.0.1:8080` without it."),
    ("PLIMSOLL_KEY", "The API key that they show it, as `--key`."),
];

/// Every key.
pub static SECTIONS: &[Section] = &[
    Section { title: "Server", keys: SERVER },
    Section { title: "Store and secrets", keys: STORE },
    Section { title: "Mail", keys: MAIL },
    Section { title: "Sampling and incidents", keys: SAMPLING },
    Section { title: "Network", keys: NETWORK },
    Section { title: "Frontend errors", keys: TUNNEL },
    Section { title: "Telemetry", keys: TELEMETRY },
];

const NONE: super::Fallback = Words("none");

const SERVER: &[Key] = &[
    Key::new(
        "PLIMSOLL_HTTP_ADDR",
        "Where API and status site listen.",
        Value("127.0.0.1:8080"),
        "To be reachable from other machines, behind a proxy that ends TLS.",
    ),
    Key::new(
        "PLIMSOLL_PUBLIC_URL",
        "How the outside names us, for links in alerts, mails and feeds.",
        Words("`http://` and the address"),
        "As soon as anybody else follows a link.",
    ),
    Key::new(
        "PLIMSOLL_SITE_TENANT",
        "The tenant whose page stands at `/`.",
        Value("plimsoll"),
        "When the page at the root is to be your own.",
    ),
    Key::new(
        "PLIMSOLL_TRUSTED_PROXIES",
        "Networks (CIDR, comma-separated) of peers whose `X-Forwarded-For` is believed.",
        NONE,
        "Behind proxies, so that limits count clients and not the proxy.",
    ),
];

const STORE: &[Key] = &[
    Key::new(
        "PLIMSOLL_STORE",
        "`embedded:PATH` or `mongodb://…`.",
        Value("embedded:./data"),
        "When one machine is not enough: a MongoDB replica set is shared by several processes.",
    ),
    Key::new(
        "PLIMSOLL_DATA_DIR",
        "Folder for the made keys, the spool and the last good pages.",
        Words("the embedded store's, else `./data`"),
        "With MongoDB, to a folder that outlives the process.",
    ),
    Key::new(
        "PLIMSOLL_ROOT_KEY",
        "The platform owner's key, of at least 16 characters.",
        Words("made at first start, kept in `root.key` in the data folder (mode 0600)"),
        "When several processes share a store.",
    )
    .secret(),
    Key::new(
        "PLIMSOLL_SECRET_KEY",
        "32 bytes in base64: what secrets are sealed with in the store.",
        Words("made at first start, kept in `secret.key` in the data folder (mode 0600)"),
        "When several processes share a store.",
    )
    .secret(),
    Key::new(
        "PLIMSOLL_SECRET_KEY_PREVIOUS",
        "Keys that what was sealed before still opens with, comma-separated.",
        NONE,
        "To the old key, when you change the other; `plimsoll secrets rotate` makes it superfluous.",
    )
    .secret(),
];

const MAIL: &[Key] = &[
    Key::new(
        "PLIMSOLL_SMTP_URL",
        "The server that takes our mail: `smtps://user:password@host:465`, `smtp://host:587?tls=required` (STARTTLS) or \
         `smtp://host:25`.",
        Words("none: no mail is sent"),
        "For receivers of kind `email` and for subscribers.",
    )
    .with_password(),
    Key::new(
        "PLIMSOLL_SMTP_FROM",
        "Who mail is from.",
        Words("`Plimsoll <plimsoll@localhost>`"),
        "To an address that your server may send for.",
    ),
    Key::new(
        "PLIMSOLL_SMTP_CA_FILE",
        "PEM file of root certificates that are trusted for it besides the machine's.",
        NONE,
        "When the server's certificate is of your own making.",
    ),
];

const SAMPLING: &[Key] = &[
    Key::new(
        "PLIMSOLL_SAMPLING_INTERVAL_SECONDS",
        "Length of a tick, 5 to 300.",
        Value("60"),
        "For tests, or to halve the load.",
    ),
    Key::new(
        "PLIMSOLL_SETTLE_SECONDS",
        "How long a component must stay well before its incident is resolved, 0 to 3600.",
        Value("300"),
        "When components flap.",
    ),
    Key::new(
        "PLIMSOLL_REFERENCE_ADDRESSES",
        "`host:port` addresses, comma-separated. When a look fails and none of these can be reached either, we are cut off \
         ourselves, and samples are `unknown`.",
        Words("none: never assumed"),
        "Where our own connection may fail; name what hardly ever does.",
    ),
];

const NETWORK: &[Key] = &[
    Key::new(
        "PLIMSOLL_EGRESS_ALLOW",
        "Private networks (CIDR, comma-separated) that probes and receivers may reach.",
        NONE,
        "When what you watch has private addresses. Name no more than that.",
    ),
    Key::new(
        "PLIMSOLL_EGRESS_ALLOW_PUBLIC",
        "Private networks (CIDR, comma-separated) that webhooks may lie in which the public subscribes by a page.",
        NONE,
        "Where the page itself is for an internal network only.",
    ),
    Key::new(
        "PLIMSOLL_DNS_SERVERS",
        "`address:port`, comma-separated: where the records that prove a page's host are looked up.",
        Words("those that the system asks"),
        "Where the names of pages are known to other servers than the system's.",
    ),
];

const TUNNEL: &[Key] = &[
    Key::new(
        "PLIMSOLL_ENVELOPE_MAX_BYTES",
        "How long an envelope may be as it is received, in bytes, 64 KiB to 4 GiB.",
        Value("209715200"),
        "When your clients attach more, or the proxy in front of us takes less.",
    ),
    Key::new(
        "PLIMSOLL_ENVELOPE_MAX_DECOMPRESSED_BYTES",
        "How long it may be once it is decompressed, in bytes, 64 KiB to 4 GiB.",
        Value("209715200"),
        "Together with the other.",
    ),
    Key::new(
        "PLIMSOLL_SPOOL_MAX_BYTES",
        "How much may wait on disk for an upstream that is away, over all tenants, in bytes, 64 KiB to 4 GiB; 0 for no spool.",
        Value("536870912"),
        "To fit the disk and the longest outage.",
    ),
    Key::new(
        "PLIMSOLL_SPOOL_TENANT_MAX_BYTES",
        "How much of that one tenant may take, in bytes, 64 KiB to 4 GiB; 0 for no spool.",
        Value("67108864"),
        "When there are few tenants, or one sends much more than the others.",
    ),
];

const TELEMETRY: &[Key] = &[
    Key::new("LOG_FORMAT", "`json` or `pretty`.", Words("`pretty` on a terminal, else `json`"), ""),
    Key::new("RUST_LOG", "Which lines are logged, e.g. `info,plimsoll_jobs=debug`.", Value("info"), "To look closer."),
    Key::new(
        "PLIMSOLL_METRICS_ENABLED",
        "Whether anything is counted; if not, `/metrics` is 404.",
        Value("true"),
        "When nothing scrapes us.",
    ),
    Key::new(
        "PLIMSOLL_METRICS_TENANTS",
        "How many tenants have series of their own; the others share one.",
        Value("1000"),
        "When your Prometheus can bear more, or less.",
    ),
    Key::new(
        "OTEL_ENABLED",
        "Whether spans are sent.",
        Words("`true` when `OTEL_EXPORTER_OTLP_ENDPOINT` is given, else `false`"),
        "",
    ),
    Key::new(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "The collector that takes spans, over gRPC: `http://host:4317` or `https://host:4317`.",
        Words("`http://127.0.0.1:4317`, when `OTEL_ENABLED` is `true`"),
        "To the address of your collector.",
    )
    .with_password(),
    Key::new(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "What it is told with every request, as `name=value,name=value`; what is special in a value is percent-encoded.",
        NONE,
        "When it asks for a key.",
    )
    .secret(),
    Key::new("OTEL_SERVICE_NAME", "How spans name us.", Value("plimsoll"), "When there are several installations."),
    Key::new(
        "OTEL_RESOURCE_ATTRIBUTES",
        "What else is said of this process, as `name=value,name=value`.",
        NONE,
        "To tell regions or environments apart.",
    ),
    Key::new(
        "OTEL_TRACES_SAMPLER",
        "Which traces are kept: `always_on`, `always_off`, `traceidratio`, or one of them after `parentbased_`, which follows \
         a caller that has decided.",
        Value("parentbased_traceidratio"),
        "To see every request, or none.",
    ),
    Key::new(
        "OTEL_TRACES_SAMPLER_ARG",
        "Share of traces that the samplers with `traceidratio` keep, 0 to 1.",
        Value("0.1"),
        "When there is little traffic, or much.",
    ),
    Key::new(
        "PLIMSOLL_PYROSCOPE_URL",
        "Where profiles are pushed: `https://user:password@host`.",
        Words("none: profiles are only there to be pulled"),
        "To keep profiles of the past.",
    )
    .with_password(),
    Key::new(
        "PLIMSOLL_SENTRY_DSN",
        "Where our own errors are sent: `https://KEY@HOST/PROJECT`.",
        Words("none: they are only logged"),
        "To be told of them.",
    )
    .with_password(),
    Key::new(
        "PLIMSOLL_SENTRY_ENVIRONMENT",
        "Which installation of ours they come from.",
        Value("production"),
        "When several report to one project.",
    ),
];

/// Every key, in the order in which they are shown.
pub fn all() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().flat_map(|section| section.keys)
}
