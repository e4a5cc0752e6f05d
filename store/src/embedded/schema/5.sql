-- Who changed what. `tenant` is empty where it was the platform's; `actor` is a key's id, or `root`.

CREATE TABLE audit_entries (
    number INTEGER PRIMARY KEY, tenant TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
    action TEXT NOT NULL, doc TEXT NOT NULL
);
CREATE UNIQUE INDEX audit_entries_by_id ON audit_entries (id);
CREATE INDEX audit_entries_by_tenant ON audit_entries (tenant, at DESC, id);
CREATE INDEX audit_entries_by_time ON audit_entries (at DESC, id);
