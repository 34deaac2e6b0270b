CREATE TABLE vi_calls (
	account       TEXT    NOT NULL,
	id            TEXT    NOT NULL,
	reference     TEXT    NOT NULL,
	reference_key TEXT    NOT NULL, -- in lower case, for search
	agent         TEXT    NOT NULL,
	agent_name    TEXT    NOT NULL,
	phone         TEXT    NOT NULL,
	customer      TEXT    NOT NULL,
	status        TEXT    NOT NULL,
	unfinished    INTEGER NOT NULL,
	end_reason    TEXT    NOT NULL,
	ended_by      TEXT    NOT NULL,
	lost_seats    TEXT    NOT NULL,
	created_at    INTEGER NOT NULL,
	waiting_at    INTEGER,
	stage_at      INTEGER,
	answered_at   INTEGER,
	ended_at      INTEGER,
	talk          INTEGER NOT NULL, -- nanoseconds
	held_by       TEXT    NOT NULL,
	offers        INTEGER NOT NULL,
	reconnects    INTEGER NOT NULL,
	due_at        INTEGER,
	invites       TEXT    NOT NULL,
	legs          TEXT    NOT NULL,
	knock         TEXT    NOT NULL,
	ratings       TEXT    NOT NULL,
	stars         INTEGER NOT NULL, -- of the customer's rating; 0 for none
	messages      INTEGER NOT NULL,
	previous      TEXT    NOT NULL,
	version       INTEGER NOT NULL,
	PRIMARY KEY (account, id),
	UNIQUE (account, reference)
) STRICT;
-- Also across accounts, so that a call can be found by its ID alone.
CREATE UNIQUE INDEX vi_calls_id ON vi_calls (id);
CREATE INDEX vi_calls_log ON vi_calls (account, created_at, id);
CREATE INDEX vi_calls_agent ON vi_calls (account, agent, created_at, id);
CREATE INDEX vi_calls_due ON vi_calls (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX vi_calls_unfinished ON vi_calls (unfinished, id) WHERE unfinished;

-- The invitations' tokens, hashed: a link names neither call nor account.
CREATE TABLE vi_tokens (
	token   TEXT NOT NULL PRIMARY KEY,
	account TEXT NOT NULL,
	call_id TEXT NOT NULL,
	FOREIGN KEY (account, call_id) REFERENCES vi_calls (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE vi_messages (
	account TEXT    NOT NULL,
	call_id TEXT    NOT NULL,
	n       INTEGER NOT NULL,
	op      TEXT    NOT NULL,
	seat    TEXT    NOT NULL,
	name    TEXT    NOT NULL,
	body    TEXT    NOT NULL,
	at      INTEGER NOT NULL,
	PRIMARY KEY (account, call_id, n),
	FOREIGN KEY (account, call_id) REFERENCES vi_calls (account, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX vi_messages_op ON vi_messages (account, call_id, seat, op) WHERE op <> '';

CREATE TABLE vi_readings (
	seq         INTEGER PRIMARY KEY,
	account     TEXT    NOT NULL,
	call_id     TEXT    NOT NULL,
	seat        TEXT    NOT NULL,
	at          INTEGER NOT NULL,
	span        INTEGER NOT NULL, -- nanoseconds, as all durations
	candidate   TEXT    NOT NULL,
	protocol    TEXT    NOT NULL,
	rtt         INTEGER NOT NULL,
	in_bitrate  REAL    NOT NULL,
	in_loss     REAL    NOT NULL,
	in_jitter   INTEGER NOT NULL,
	out_bitrate REAL    NOT NULL,
	out_loss    REAL    NOT NULL,
	out_jitter  INTEGER NOT NULL,
	FOREIGN KEY (account, call_id) REFERENCES vi_calls (account, id)
) STRICT;
CREATE INDEX vi_readings_call ON vi_readings (account, call_id, at);
