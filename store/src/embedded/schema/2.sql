-- Alerts, who is told of them, and what waits to be sent.

CREATE TABLE alert_configs (tenant TEXT PRIMARY KEY, version INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;

-- `settled` is 1 when the alert is over and nothing of it is to be sent; `receivers` are names between commas; `queued` is
-- what stands in the queue of it: receiver and instant, as often as there are some. At most one episode of a key is not
-- settled: the one thread that writes sees to it.
CREATE TABLE alerts (
    number INTEGER PRIMARY KEY, tenant TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, episode INTEGER NOT NULL,
    version INTEGER NOT NULL, settled INTEGER NOT NULL, fired_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    queued TEXT NOT NULL, reconsider_at INTEGER, severity TEXT NOT NULL, status TEXT NOT NULL, source TEXT NOT NULL,
    component TEXT, receivers TEXT NOT NULL, dead INTEGER NOT NULL, feedback INTEGER NOT NULL, doc TEXT NOT NULL
);
CREATE UNIQUE INDEX alerts_by_id ON alerts (tenant, id);
CREATE UNIQUE INDEX alerts_by_key ON alerts (tenant, key, episode);
CREATE INDEX alerts_by_time ON alerts (tenant, fired_at DESC, id);
CREATE INDEX alerts_open ON alerts (source, tenant) WHERE status <> 'resolved';
CREATE INDEX alerts_to_reconsider ON alerts (reconsider_at) WHERE reconsider_at IS NOT NULL;
CREATE INDEX alerts_dead ON alerts (tenant, fired_at DESC, id) WHERE dead = 1;
CREATE INDEX alerts_with_feedback ON alerts (tenant, fired_at DESC, id) WHERE feedback = 1;

-- The first unfinished delivery of an alert to each receiver: derived from the alert, and written with it.
CREATE TABLE alert_queue (
    tenant TEXT, receiver TEXT, ready_at INTEGER, alert INTEGER, created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, receiver, ready_at, alert)
) WITHOUT ROWID;

CREATE TABLE silences (
    tenant TEXT, id TEXT, version INTEGER NOT NULL, starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,
    until_resolved INTEGER NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
CREATE INDEX silences_until_resolved ON silences (ends_at) WHERE until_resolved = 1;

CREATE TABLE receiver_states (tenant TEXT, receiver TEXT, doc TEXT NOT NULL, PRIMARY KEY (tenant, receiver)) WITHOUT ROWID;
