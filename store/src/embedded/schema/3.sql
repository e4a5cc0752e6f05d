-- Frontend apps, what is counted of them, and the envelopes that wait until Sentry takes them.

CREATE TABLE frontend_apps (tenant TEXT PRIMARY KEY, version INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE app_counts (
    tenant TEXT, app TEXT, day INTEGER, source TEXT, doc TEXT NOT NULL, PRIMARY KEY (tenant, app, day, source)
) WITHOUT ROWID;
CREATE INDEX app_counts_by_day ON app_counts (day);

-- `size` is the envelope with its headers and what is kept beside it; `headers` are pairs as JSON text. How much of an app
-- waits is read from the first index alone: bodies may be large.
CREATE TABLE spool (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL, app TEXT NOT NULL, received_at INTEGER NOT NULL, size INTEGER NOT NULL,
    headers TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX spool_by_app ON spool (tenant, app, id, size, received_at);
CREATE INDEX spool_by_age ON spool (received_at);
