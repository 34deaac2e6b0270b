CREATE TABLE accounts (
	id         TEXT    NOT NULL PRIMARY KEY,
	name       TEXT    NOT NULL,
	zone       TEXT    NOT NULL,
	region     TEXT    NOT NULL,
	created_at INTEGER,
	version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account_subs (
	account TEXT NOT NULL,
	id      TEXT NOT NULL,
	name    TEXT NOT NULL,
	PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_users (
	account     TEXT    NOT NULL,
	id          TEXT    NOT NULL,
	email       TEXT    NOT NULL UNIQUE,
	name        TEXT    NOT NULL,
	role        TEXT    NOT NULL,
	subs        TEXT    NOT NULL,
	password    TEXT    NOT NULL,
	disabled_at INTEGER,
	created_at  INTEGER,
	seen_at     INTEGER,
	version     INTEGER NOT NULL,
	PRIMARY KEY (account, id)
) STRICT;

CREATE TABLE account_sessions (
	hash       TEXT NOT NULL PRIMARY KEY,
	account    TEXT NOT NULL,
	user_id    TEXT NOT NULL,
	created_at INTEGER,
	seen_at    INTEGER,
	expires_at INTEGER,
	address    TEXT NOT NULL,
	browser    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX account_sessions_user ON account_sessions (account, user_id);
CREATE INDEX account_sessions_expiry ON account_sessions (account, expires_at);

CREATE TABLE account_resets (
	hash       TEXT NOT NULL PRIMARY KEY,
	account    TEXT NOT NULL,
	user_id    TEXT NOT NULL,
	created_at INTEGER,
	expires_at INTEGER,
	used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX account_resets_user ON account_resets (account, user_id);

CREATE TABLE account_keys (
	account    TEXT    NOT NULL,
	id         TEXT    NOT NULL,
	name       TEXT    NOT NULL,
	hash       TEXT    NOT NULL UNIQUE,
	hint       TEXT    NOT NULL,
	scopes     TEXT    NOT NULL,
	created_by TEXT    NOT NULL,
	created_at INTEGER,
	revoked_at INTEGER,
	version    INTEGER NOT NULL,
	PRIMARY KEY (account, id)
) STRICT;
