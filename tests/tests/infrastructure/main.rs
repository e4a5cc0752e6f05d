//! The files of `infrastructure/`, held against what will read them: kubectl, Docker Compose, hadolint, Caddy, systemd and
//! Plimsoll itself, which `make schemas` and the build bring, and the schemas of Kubernetes and of Prometheus' operator.
//! Where no program can be had (the collector, Tempo, Loki, Alloy), the keys that are used stand in schemas of our own.
//!
//! Each check is a function of a folder, so that it is shown to fail: on a copy with one thing broken.

mod collectors;
mod compose;
mod image;
mod kubernetes;
mod manifests;
mod networks;
mod operator;
mod proxy;
mod retention;
mod settings;
mod stack;
mod tools;
mod unit;
