//! What an operator sees Plimsoll with and is woken by, as `infrastructure/` ships it: dashboards, rules, runbooks, and the
//! configurations of Prometheus, Alertmanager and Grafana. Checked as files, and then on a real Plimsoll under load, by a
//! real Prometheus and a real Alertmanager.

mod dashboards;
mod files;
mod load;
mod reach;
mod rules;
mod walk;
