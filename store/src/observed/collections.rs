//! Which collection an operation of the store is counted on: the one that it mainly reads or writes. Said here for both
//! adapters, so that their figures can be compared. In SQLite a collection is a table.

/// The collection of a method of the port; `all` for what goes through the whole store.
pub(super) fn collection_of(operation: &'static str) -> &'static str {
    match operation {
        "create_tenant" | "tenant" | "tenants_across_all" | "key_across_tenants" | "add_key" | "remove_key" => {
            "tenants"
        }
        "component"
        | "components"
        | "components_across_tenants"
        | "create_component"
        | "replace_component"
        | "remove_component" => "components",
        "heartbeats_across_tenants" | "record_heartbeat" => "heartbeats",
        "record_samples" | "sample_hours" | "unfolded_hours" => "sample_hours",
        "hour_rollups" | "finish_folds" => "hour_rollups",
        "day_rollups" => "day_rollups",
        "slo_config" | "slo_configs_across_tenants" | "put_slo_config" => "slo_configs",
        "measurements" | "latest_measurements" | "put_measurements" => "measurements",
        "incidents"
        | "incident_across_tenants"
        | "change_incident"
        | "open_incident_if_absent"
        | "open_or_recent_incidents"
        | "open_or_recent_incidents_across_tenants"
        | "past_incidents"
        | "published_incident" => "incidents",
        "maintenance"
        | "maintenances"
        | "maintenances_across_tenants"
        | "create_maintenance"
        | "change_maintenance"
        | "remove_maintenance"
        | "public_maintenances" => "maintenances",
        _ => of_what_is_told(operation),
    }
}

/// The same of what is told to somebody: alerts, pages, subscribers, frontend apps; and of what all else stands on.
fn of_what_is_told(operation: &'static str) -> &'static str {
    match operation {
        "alert_config" | "put_alert_config" => "alert_configs",
        "alert"
        | "alerts"
        | "alert_scene"
        | "put_alerts"
        | "open_alerts"
        | "open_alerts_across_tenants"
        | "ready_alerts"
        | "ready_receivers_across_tenants"
        | "alerts_to_reconsider_across_tenants"
        | "backlog_across_tenants" => "alerts",
        "silence" | "silences" | "silences_until_resolved_across_tenants" | "put_silence" => "silences",
        "receiver_states" | "put_receiver_states" => "receiver_states",
        "frontend_apps" | "frontend_apps_across_tenants" | "put_frontend_apps" => "frontend_apps",
        "app_counts" | "put_app_counts" => "app_counts",
        "spool_envelope" | "spooled_envelopes" | "spool_usage_across_tenants" | "remove_spooled" => "spool",
        "page_config" | "page_configs_across_tenants" | "put_page_config" | "pages" => "page_configs",
        "logo" | "put_logo" | "remove_logo" => "logos",
        "incident_templates" | "put_incident_templates" => "incident_templates",
        "subscriber" | "subscribers" | "create_subscriber" | "change_subscriber" | "remove_subscriber" => "subscribers",
        "notices"
        | "put_notices_if_absent"
        | "change_notice"
        | "unfinished_notices"
        | "subscribers_to_tell_across_tenants" => "notices",
        "snapshot" | "put_snapshots" | "touch_snapshots" | "snapshot_times_across_tenants" => "snapshots",
        "renew_lease" | "release_lease" => "leases",
        "note_change" | "changes" => "changes",
        "append_audit_entry" | "audit_entries" | "audit_entries_across_tenants" => "audit",
        "ping" | "expire_across_tenants" | "reseal_across_tenants" => "all",
        _ => {
            debug_assert!(false, "no collection is named for {operation}");
            "other"
        }
    }
}
