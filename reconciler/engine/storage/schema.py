"""The database's tables, as a list of migrations from each older version."""

from __future__ import annotations

from typing import Final

STEPS: Final = (
    """
    CREATE TABLE environments (
        name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, created REAL NOT NULL
    ) STRICT;

    CREATE TABLE apps (
        id TEXT PRIMARY KEY, environment TEXT NOT NULL, name TEXT NOT NULL,
        description TEXT NOT NULL, state INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL, deployed REAL NOT NULL DEFAULT 0, stopped REAL NOT NULL DEFAULT 0,
        heartbeat REAL NOT NULL DEFAULT 0, tags TEXT NOT NULL DEFAULT '{}'
    ) STRICT;
    CREATE INDEX apps_by_name ON apps (environment, name);

    -- One row per publish. body: the AppPublishRequest, the whole of what is live.
    CREATE TABLE deployments (
        app TEXT NOT NULL REFERENCES apps (id), version INTEGER NOT NULL, at REAL NOT NULL,
        client TEXT NOT NULL, rollback_of INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL,
        PRIMARY KEY (app, version)
    ) STRICT;

    -- base, params, options: of a function bound to a class's parameters or to other options.
    CREATE TABLE functions (
        id TEXT PRIMARY KEY, app TEXT NOT NULL REFERENCES apps (id), name TEXT NOT NULL,
        base TEXT, params BLOB, options BLOB
    ) STRICT;
    CREATE INDEX functions_by_name ON functions (app, name);

    -- body: FunctionData. Written by FunctionCreate, live only once a deployment names it.
    CREATE TABLE definitions (
        id TEXT PRIMARY KEY, function TEXT NOT NULL REFERENCES functions (id), body BLOB NOT NULL
    ) STRICT;

    CREATE TABLE classes (
        id TEXT PRIMARY KEY, app TEXT NOT NULL REFERENCES apps (id)
    ) STRICT;

    -- Volumes, Dicts, Secrets, mounts and images. An object without a name is ephemeral.
    CREATE TABLE objects (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, environment TEXT NOT NULL, name TEXT,
        created REAL NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX objects_by_name ON objects (kind, environment, name)
        WHERE name IS NOT NULL;

    CREATE TABLE dict_entries (
        dict TEXT NOT NULL REFERENCES objects (id) ON DELETE CASCADE, key BLOB NOT NULL,
        value BLOB NOT NULL, touched REAL NOT NULL,
        PRIMARY KEY (dict, key)
    ) STRICT, WITHOUT ROWID;

    -- A Volume is this list of files; their contents are blobs. A commit is one transaction.
    CREATE TABLE volume_files (
        volume TEXT NOT NULL REFERENCES objects (id) ON DELETE CASCADE, path TEXT NOT NULL,
        sha256 TEXT NOT NULL, size INTEGER NOT NULL, mode INTEGER NOT NULL, mtime REAL NOT NULL,
        PRIMARY KEY (volume, path)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE volume_folders (
        volume TEXT NOT NULL REFERENCES objects (id) ON DELETE CASCADE, path TEXT NOT NULL,
        PRIMARY KEY (volume, path)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE calls (
        id TEXT PRIMARY KEY, function TEXT NOT NULL, invocation INTEGER NOT NULL,
        created REAL NOT NULL
    ) STRICT;

    -- state: 0 waiting, 1 running, 2 done. seq orders a call's outputs by completion.
    CREATE TABLE inputs (
        id TEXT PRIMARY KEY, call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
        idx INTEGER NOT NULL, state INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
        body BLOB NOT NULL, seq INTEGER, output BLOB, finished REAL
    ) STRICT;
    CREATE UNIQUE INDEX inputs_by_seq ON inputs (call, seq);
    CREATE INDEX inputs_unfinished ON inputs (state) WHERE state < 2;

    -- What generators yielded, until the call's result expires.
    CREATE TABLE chunks (
        call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE, idx INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (call, idx)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE logs (
        id INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, function TEXT NOT NULL,
        container TEXT NOT NULL, call TEXT NOT NULL, input TEXT NOT NULL,
        fd INTEGER NOT NULL, at REAL NOT NULL, data TEXT NOT NULL
    ) STRICT;
    CREATE INDEX logs_by_app ON logs (app, id);
    """,
    """
    -- body: the answer to a call that must not be done twice, by its idempotency key.
    CREATE TABLE answers (
        key TEXT PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_age ON answers (at);
    """,
    """
    -- web: the call is a request to a web endpoint. It ends with its connection, so never again.
    ALTER TABLE calls ADD COLUMN web INTEGER NOT NULL DEFAULT 0;

    -- app: the one that last declared the label.
    CREATE TABLE web_ports (
        label TEXT PRIMARY KEY, port INTEGER NOT NULL UNIQUE, app TEXT NOT NULL
    ) STRICT;

    -- digest: the SHA-256 of the secret.
    CREATE TABLE proxy_tokens (
        id TEXT PRIMARY KEY, digest BLOB NOT NULL, name TEXT NOT NULL, scoped INTEGER NOT NULL,
        created REAL NOT NULL
    ) STRICT;
    CREATE TABLE proxy_token_environments (
        token TEXT NOT NULL REFERENCES proxy_tokens (id) ON DELETE CASCADE,
        environment TEXT NOT NULL,
        PRIMARY KEY (token, environment)
    ) STRICT, WITHOUT ROWID;
    """,
)
