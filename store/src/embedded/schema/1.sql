-- `doc` is the aggregate as JSON text; the other columns are what it is searched by.
-- Instants are milliseconds, hours and days are numbers, all since 1970 in UTC.

CREATE TABLE tenants (id TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE keys (hash TEXT PRIMARY KEY, tenant TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE components (tenant TEXT, id TEXT, doc TEXT NOT NULL, PRIMARY KEY (tenant, id)) WITHOUT ROWID;
CREATE TABLE heartbeats (
    tenant TEXT, component TEXT, at INTEGER NOT NULL, status TEXT NOT NULL,
    PRIMARY KEY (tenant, component)
) WITHOUT ROWID;

-- A short number for a component whose samples are kept, or for an SLO whose events are.
CREATE TABLE series (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (tenant, name));

-- The hour comes first: a tick writes the hour of every series, and so they lie side by side.
CREATE TABLE sample_hours (
    hour INTEGER, series INTEGER, revision INTEGER NOT NULL, unfolded INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (hour, series)
) WITHOUT ROWID;
CREATE INDEX sample_hours_unfolded ON sample_hours (hour, series) WHERE unfolded = 1;

-- Here the series comes first: a day's rollup is made of the hours of one series.
CREATE TABLE hour_rollups (
    series INTEGER, hour INTEGER, revision INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (series, hour)
) WITHOUT ROWID;
CREATE TABLE day_rollups (series INTEGER, day INTEGER, data BLOB NOT NULL, PRIMARY KEY (series, day)) WITHOUT ROWID;

CREATE TABLE slo_configs (tenant TEXT PRIMARY KEY, version INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;

-- `step` is 0 for a tick, 1 for the first of an hour, 2 for the first of a day.
CREATE TABLE measurements (
    tenant TEXT, slo_type TEXT, at INTEGER, step INTEGER NOT NULL, expires_at INTEGER, doc TEXT NOT NULL,
    PRIMARY KEY (tenant, slo_type, at)
) WITHOUT ROWID;
CREATE INDEX measurements_coarse ON measurements (tenant, slo_type, at, step) WHERE step >= 1;
CREATE INDEX measurements_expiry ON measurements (expires_at) WHERE expires_at IS NOT NULL;

-- `resolved_at` is the greatest number while it is open; `holds` is the component of an open automatic one.
CREATE TABLE incidents (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL, started_at INTEGER NOT NULL, resolved_at INTEGER NOT NULL, holds TEXT,
    version INTEGER NOT NULL, doc TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX incidents_by_start ON incidents (tenant, started_at DESC, id);
CREATE INDEX incidents_by_end ON incidents (tenant, resolved_at);
CREATE INDEX incidents_by_end_across_tenants ON incidents (resolved_at);
CREATE UNIQUE INDEX incidents_one_for_a_component ON incidents (tenant, holds) WHERE holds IS NOT NULL;

CREATE TABLE maintenances (
    tenant TEXT, id TEXT, starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, doc TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID;

-- `as_of` may be later than in the document: it is what counts.
CREATE TABLE snapshots (tenant TEXT PRIMARY KEY, as_of INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE leases (holder TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
