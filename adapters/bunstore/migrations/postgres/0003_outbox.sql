CREATE TABLE outbox_events (
	seq     BIGINT           NOT NULL PRIMARY KEY,
	account TEXT COLLATE "C" NOT NULL,
	kind    TEXT             NOT NULL,
	about   TEXT             NOT NULL,
	owner   TEXT             NOT NULL,
	at      BIGINT           NOT NULL,
	data    JSON             NOT NULL
);
CREATE INDEX outbox_events_account ON outbox_events (account, seq);

-- A sequence gives numbers in another order than that of commits: a reader that
-- has seen 8 may find 7 later. So whoever is about to take numbers first holds
-- a shared advisory lock, until the end of the transaction, that names the
-- number before, and readers stop at the lowest number so held.
CREATE SEQUENCE outbox_seq CACHE 1;
SELECT nextval('outbox_seq'); -- so that last_value is always a number that was taken

-- outbox_enter announces that this transaction will take numbers greater than
-- the one that it returns.
CREATE FUNCTION outbox_enter() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	low bigint;
BEGIN
	SELECT last_value INTO low FROM outbox_seq;
	PERFORM pg_advisory_xact_lock_shared('outbox_seq'::regclass::oid::bigint::bit(32)::int, low::bit(32)::int);
	RETURN low;
END
$$;

-- outbox_horizon returns the number up to which every row is either visible to
-- the statements that follow, or never will be. The order of its two readings is
-- what makes that true: a number up to top had been announced when top was read,
-- so its lock is found unless its transaction is over; and locks are released
-- only after the commit can be seen. A lock holds the low 32 bits of a number;
-- one ahead of top says nothing about the numbers up to it.
CREATE FUNCTION outbox_horizon() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	top  bigint;
	back bigint;
BEGIN
	SELECT last_value INTO top FROM outbox_seq;
	SELECT max((top - objid::bigint) & 4294967295) INTO back
	FROM pg_locks
	WHERE locktype = 'advisory' AND objsubid = 2 AND classid = 'outbox_seq'::regclass::oid
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND (top - objid::bigint) & 4294967295 < 2147483648;
	RETURN top - coalesce(back, 0);
END
$$;

CREATE TABLE outbox_cursors (
	consumer TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	seq      BIGINT           NOT NULL
);

CREATE TABLE idem_keys (
	scope   TEXT COLLATE "C" NOT NULL,
	id      TEXT COLLATE "C" NOT NULL,
	request TEXT             NOT NULL,
	at      BIGINT           NOT NULL,
	status  BIGINT           NOT NULL,
	body    BYTEA,
	done    BOOLEAN          NOT NULL,
	PRIMARY KEY (scope, id)
);
CREATE INDEX idem_keys_at ON idem_keys (at);

-- One row, written now and then to see that writing works.
CREATE TABLE tandem_health (
	id      BIGINT NOT NULL PRIMARY KEY,
	at      BIGINT NOT NULL,
	ballast TEXT   NOT NULL -- to see that much can be written, after it could not
);
INSERT INTO tandem_health VALUES (1, 0, '');
