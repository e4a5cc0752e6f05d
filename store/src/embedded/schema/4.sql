-- What tenants settled about their pages, and who is told of what happens.

CREATE TABLE page_configs (tenant TEXT PRIMARY KEY, version INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE incident_templates (tenant TEXT PRIMARY KEY, version INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;

-- With row ids: a logo may be large.
CREATE TABLE logos (tenant TEXT PRIMARY KEY, doc TEXT NOT NULL, bytes BLOB NOT NULL);

-- Whether the public does not see it yet.
ALTER TABLE incidents ADD COLUMN draft INTEGER NOT NULL DEFAULT 0;

-- `ends_at` is when nothing of it follows any more: the greatest number for what never ends.
ALTER TABLE maintenances ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- `expires_at` is there unless it is confirmed. With row ids: how many a tenant has is counted in the index alone.
CREATE TABLE subscribers (
    number INTEGER PRIMARY KEY, tenant TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    expires_at INTEGER, doc TEXT NOT NULL
);
CREATE UNIQUE INDEX subscribers_by_id ON subscribers (tenant, id);
CREATE INDEX subscribers_expiring ON subscribers (expires_at) WHERE expires_at IS NOT NULL;

-- `ready_at` is there until it is finished, and `finished_at` from then on. Of one subject (an incident, a maintenance) a
-- subscriber hears in order: the index of those that are unfinished says which comes first.
CREATE TABLE notices (
    number INTEGER PRIMARY KEY, tenant TEXT NOT NULL, id TEXT NOT NULL, subscriber TEXT NOT NULL, subject TEXT NOT NULL,
    version INTEGER NOT NULL, created_at INTEGER NOT NULL, place INTEGER NOT NULL, ready_at INTEGER, finished_at INTEGER,
    doc TEXT NOT NULL
);
CREATE UNIQUE INDEX notices_by_id ON notices (tenant, id);
CREATE INDEX notices_by_time ON notices (tenant, created_at DESC, id);
CREATE INDEX notices_by_subscriber ON notices (tenant, subscriber, created_at DESC, id);
CREATE INDEX notices_unfinished ON notices (tenant, subscriber, subject, created_at, place, id)
    WHERE ready_at IS NOT NULL;
CREATE INDEX notices_ready ON notices (ready_at, tenant, subscriber) WHERE ready_at IS NOT NULL;
CREATE INDEX notices_finished ON notices (finished_at) WHERE finished_at IS NOT NULL;
