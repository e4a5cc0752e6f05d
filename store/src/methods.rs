//! The methods of the port that neither take nor give secrets, listed once for all wrappers: each says by a macro of its own
//! what it makes of a method.

/// Gives the methods, by trait, to the macro `$wrap`.
macro_rules! without_secrets {
    ($wrap:ident) => {
        $wrap! {
            Tenants {
                fn create_tenant(tenant: &Tenant) -> ();
                fn tenant(tenant: &TenantId) -> Option<Tenant>;
                fn tenants_across_all() -> Vec<Tenant>;
                fn key_across_tenants(hash: &str) -> Option<(TenantId, ApiKey)>;
                fn add_key(tenant: &TenantId, key: &ApiKey) -> ();
                fn remove_key(tenant: &TenantId, key: &KeyId) -> bool;
            }
            Samples {
                fn record_samples(batch: &[SeriesRecord]) -> Merged;
                fn sample_hours(keys: &[HourKey]) -> HashMap<HourKey, HourSamples>;
                fn unfolded_hours(tenants: &[TenantId], before: Hour, limit: usize) -> Vec<UnfoldedHour>;
                fn finish_folds(folds: &[Fold]) -> ();
                fn hour_rollups(keys: &[HourKey]) -> HashMap<HourKey, Rollup>;
                fn day_rollups(series: &[(TenantId, Series)], days: Range<Day>)
                    -> HashMap<(TenantId, Series), Vec<(Day, Rollup)>>;
            }
            Measurements {
                fn put_measurements(measurements: &[Measurement]) -> ();
                fn latest_measurements(tenant: &TenantId, slos: &[SloType], until: Timestamp) -> Vec<Measurement>;
                fn measurements(tenant: &TenantId, slo: &SloType, span: Range<Timestamp>, least: Step, limit: usize)
                    -> Vec<Measurement>;
            }
            Incidents {
                fn open_incident_if_absent(incident: &Incident) -> bool;
                fn change_incident(incident: &Incident) -> ();
                fn incident_across_tenants(incident: &IncidentId) -> Option<Incident>;
                fn open_or_recent_incidents(tenant: &TenantId, since: Timestamp) -> Vec<Incident>;
                fn incidents(tenant: &TenantId, after: Option<(Timestamp, IncidentId)>, limit: usize) -> Vec<Incident>;
                fn open_or_recent_incidents_across_tenants(since: Timestamp) -> Vec<Incident>;
            }
            Maintenances {
                fn create_maintenance(maintenance: &Maintenance) -> ();
                fn change_maintenance(maintenance: &Maintenance) -> ();
                fn maintenance(tenant: &TenantId, maintenance: &MaintenanceId) -> Option<Maintenance>;
                fn remove_maintenance(tenant: &TenantId, maintenance: &MaintenanceId) -> bool;
                fn maintenances(tenant: &TenantId) -> Vec<Maintenance>;
                fn maintenances_across_tenants(after: Timestamp) -> Vec<Maintenance>;
            }
            Silences {
                fn put_silence(silence: &Silence) -> ();
                fn silence(tenant: &TenantId, silence: &SilenceId) -> Option<Silence>;
                fn silences(tenant: &TenantId, since: Timestamp) -> Vec<Silence>;
                fn silences_until_resolved_across_tenants() -> Vec<Silence>;
            }
            ReceiverStates {
                fn receiver_states(tenant: &TenantId) -> Vec<ReceiverState>;
                fn put_receiver_states(states: &[ReceiverState]) -> ();
            }
            Frontends {
                fn frontend_apps(tenant: &TenantId) -> Option<FrontendApps>;
                fn frontend_apps_across_tenants() -> Vec<FrontendApps>;
                fn put_frontend_apps(apps: &FrontendApps) -> ();
            }
            AppCounting {
                fn put_app_counts(counts: &[AppCounts]) -> ();
                fn app_counts(tenant: &TenantId, app: &AppId, days: Range<Day>) -> Vec<AppCounts>;
            }
            Spool {
                fn spool_envelope(envelope: &SpooledEnvelope) -> ();
                fn spool_usage_across_tenants() -> HashMap<(TenantId, AppId), SpoolUsage>;
                fn spooled_envelopes(tenant: &TenantId, app: &AppId, after: Option<&SpoolId>, most: (usize, u64))
                    -> Vec<SpooledEnvelope>;
                fn remove_spooled(tenant: &TenantId, envelopes: &[SpoolId]) -> u64;
            }
            Pages {
                fn page_config(tenant: &TenantId) -> Option<PageConfig>;
                fn page_configs_across_tenants() -> Vec<PageConfig>;
                fn put_page_config(config: &PageConfig) -> ();
                fn put_logo(logo: &Logo) -> ();
                fn remove_logo(tenant: &TenantId) -> bool;
                fn incident_templates(tenant: &TenantId) -> Option<IncidentTemplates>;
                fn put_incident_templates(templates: &IncidentTemplates) -> ();
            }
            Notices {
                fn put_notices_if_absent(notices: &[Notice]) -> ();
                fn change_notice(notice: &Notice) -> bool;
                fn subscribers_to_tell_across_tenants(now: Timestamp, limit: usize) -> Vec<(TenantId, SubscriberId)>;
                fn unfinished_notices(tenant: &TenantId, subscriber: &SubscriberId, limit: usize) -> Vec<Notice>;
                fn notices(
                    tenant: &TenantId,
                    subscriber: Option<&SubscriberId>,
                    after: Option<(Timestamp, NoticeId)>,
                    limit: usize
                ) -> Vec<Notice>;
            }
            Snapshots {
                fn put_snapshots(snapshots: &[StatusSnapshot]) -> ();
                fn touch_snapshots(tenants: &[TenantId], as_of: Timestamp) -> ();
                fn snapshot_times_across_tenants() -> HashMap<TenantId, Timestamp>;
            }
            Leases {
                fn renew_lease(holder: &str, until: Timestamp, now: Timestamp) -> Vec<String>;
                fn release_lease(holder: &str) -> ();
            }
            Changes {
                fn note_change() -> ();
                fn changes() -> u64;
            }
            Audit {
                fn append_audit_entry(entry: &AuditEntry) -> ();
                fn audit_entries(
                    tenant: Option<&TenantId>,
                    filter: &AuditFilter,
                    after: Option<(Timestamp, AuditId)>,
                    limit: usize
                ) -> Vec<AuditEntry>;
                fn audit_entries_across_tenants(
                    filter: &AuditFilter,
                    after: Option<(Timestamp, AuditId)>,
                    limit: usize
                ) -> Vec<AuditEntry>;
            }
            PublicReads {
                fn snapshot(tenant: &TenantId) -> Option<StatusSnapshot>;
                fn pages() -> Vec<PublicPage>;
                fn logo(tenant: &TenantId) -> Option<Logo>;
                fn past_incidents(tenant: &TenantId, span: Range<Timestamp>, limit: usize) -> Vec<Incident>;
                fn published_incident(tenant: &TenantId, incident: &IncidentId) -> Option<Incident>;
                fn public_maintenances(tenant: &TenantId) -> Vec<Maintenance>;
            }
        }
    };
}
pub(crate) use without_secrets;
