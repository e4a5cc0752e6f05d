//! Telling people: alerts to receivers, notices to subscribers.

use super::buckets::DELIVERY;
use super::kinds::{Area, Instrument, Label, Measure};

const KIND: Label = Label::one_of("kind", &["pagerduty", "opsgenie", "jsm", "slack", "teams", "email", "webhook"]);

pub(super) const AREA: Area = Area {
    title: "Alerts and notices",
    instruments: &[
        Instrument::counter(
            "plimsoll_alerts_fired_total",
            "Signals that were taken.",
            &[Label::one_of("action", &["trigger", "acknowledge", "resolve"])],
        ),
        Instrument::counter(
            "plimsoll_alerts_suppressed_total",
            "Signals of which nobody was told, by why.",
            &[Label::one_of(
                "reason",
                &[
                    "cooldown",
                    "silence",
                    "maintenance",
                    "acknowledged",
                    "already_open",
                    "no_receiver",
                    "nothing_open",
                    "never_delivered",
                ],
            )],
        ),
        Instrument::counter(
            "plimsoll_alert_attempts_total",
            "Tries to hand an alert to a receiver.",
            &[KIND, Label::one_of("outcome", &["delivered", "retry", "dead", "unknown"])],
        ),
        Instrument::counter("plimsoll_alerts_delivered_total", "Deliveries that a receiver took.", &[KIND]),
        Instrument::times(
            "plimsoll_alert_delivery_seconds",
            &DELIVERY,
            "Time from when a delivery was stored until its receiver took it.",
            &[KIND],
        ),
        Instrument::counter("plimsoll_alerts_dead_total", "Deliveries that were given up.", &[KIND]),
        Instrument::gauge(
            "plimsoll_alert_deliveries_waiting",
            Measure::Count,
            "Deliveries in the store that wait to be sent.",
            &[],
        ),
        Instrument::gauge(
            "plimsoll_alert_delivery_oldest_seconds",
            Measure::Seconds,
            "For how long the oldest of them has waited.",
            &[],
        ),
        Instrument::counter(
            "plimsoll_alertmanager_truncated_total",
            "Alerts that an Alertmanager left out of what it sent.",
            &[],
        ),
        Instrument::counter(
            "plimsoll_notices_total",
            "Tries to tell a subscriber, and notices that were dropped.",
            &[
                Label::one_of("channel", &["email", "webhook", "slack"]),
                Label::one_of("result", &["delivered", "retry", "dead", "unknown", "dropped"]),
            ],
        ),
        Instrument::gauge(
            "plimsoll_notice_subscribers_waiting",
            Measure::Count,
            "Subscribers for whom something is ready, as far as was looked.",
            &[],
        ),
        Instrument::counter(
            "plimsoll_announcement_failures_total",
            "Changes of a page that could not be stored for its subscribers.",
            &[],
        ),
    ],
};
