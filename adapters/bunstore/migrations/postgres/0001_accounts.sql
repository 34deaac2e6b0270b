CREATE TABLE accounts (
	id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	name       TEXT             NOT NULL,
	zone       TEXT             NOT NULL,
	region     TEXT             NOT NULL,
	created_at BIGINT,
	version    BIGINT           NOT NULL
);

CREATE TABLE account_subs (
	account TEXT COLLATE "C" NOT NULL,
	id      TEXT COLLATE "C" NOT NULL,
	name    TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (account, id)
);

CREATE TABLE account_users (
	account     TEXT COLLATE "C" NOT NULL,
	id          TEXT COLLATE "C" NOT NULL,
	email       TEXT COLLATE "C" NOT NULL UNIQUE,
	name        TEXT             NOT NULL,
	role        TEXT             NOT NULL,
	subs        JSONB            NOT NULL,
	password    TEXT             NOT NULL,
	disabled_at BIGINT,
	created_at  BIGINT,
	seen_at     BIGINT,
	version     BIGINT           NOT NULL,
	PRIMARY KEY (account, id)
);

CREATE TABLE account_sessions (
	hash       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	account    TEXT COLLATE "C" NOT NULL,
	user_id    TEXT COLLATE "C" NOT NULL,
	created_at BIGINT,
	seen_at    BIGINT,
	expires_at BIGINT,
	address    TEXT             NOT NULL,
	browser    TEXT             NOT NULL
);
CREATE INDEX account_sessions_user ON account_sessions (account, user_id);
CREATE INDEX account_sessions_expiry ON account_sessions (account, expires_at);

CREATE TABLE account_resets (
	hash       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	account    TEXT COLLATE "C" NOT NULL,
	user_id    TEXT COLLATE "C" NOT NULL,
	created_at BIGINT,
	expires_at BIGINT,
	used_at    BIGINT
);
CREATE INDEX account_resets_user ON account_resets (account, user_id);

CREATE TABLE account_keys (
	account    TEXT COLLATE "C" NOT NULL,
	id         TEXT COLLATE "C" NOT NULL,
	name       TEXT             NOT NULL,
	hash       TEXT COLLATE "C" NOT NULL UNIQUE,
	hint       TEXT             NOT NULL,
	scopes     JSONB            NOT NULL,
	created_by TEXT             NOT NULL,
	created_at BIGINT,
	revoked_at BIGINT,
	version    BIGINT           NOT NULL,
	PRIMARY KEY (account, id)
);
