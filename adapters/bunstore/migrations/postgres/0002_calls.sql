CREATE TABLE vi_calls (
	account       TEXT COLLATE "C" NOT NULL,
	id            TEXT COLLATE "C" NOT NULL,
	reference     TEXT COLLATE "C" NOT NULL,
	reference_key TEXT             NOT NULL, -- in lower case, for search
	agent         TEXT COLLATE "C" NOT NULL,
	agent_name    TEXT             NOT NULL,
	phone         TEXT             NOT NULL,
	customer      TEXT             NOT NULL,
	status        TEXT             NOT NULL,
	unfinished    BOOLEAN          NOT NULL,
	end_reason    TEXT             NOT NULL,
	ended_by      TEXT             NOT NULL,
	lost_seats    JSONB            NOT NULL,
	created_at    BIGINT           NOT NULL,
	waiting_at    BIGINT,
	stage_at      BIGINT,
	answered_at   BIGINT,
	ended_at      BIGINT,
	talk          BIGINT           NOT NULL, -- nanoseconds
	held_by       TEXT             NOT NULL,
	offers        BIGINT           NOT NULL,
	reconnects    BIGINT           NOT NULL,
	due_at        BIGINT,
	invites       JSONB            NOT NULL,
	legs          JSONB            NOT NULL,
	knock         JSONB            NOT NULL,
	ratings       JSONB            NOT NULL,
	stars         BIGINT           NOT NULL, -- of the customer's rating; 0 for none
	messages      BIGINT           NOT NULL,
	previous      TEXT             NOT NULL,
	version       BIGINT           NOT NULL,
	PRIMARY KEY (account, id),
	UNIQUE (account, reference)
);
-- Also across accounts, so that a call can be found by its ID alone.
CREATE UNIQUE INDEX vi_calls_id ON vi_calls (id);
CREATE INDEX vi_calls_log ON vi_calls (account, created_at, id);
CREATE INDEX vi_calls_agent ON vi_calls (account, agent, created_at, id);
CREATE INDEX vi_calls_due ON vi_calls (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX vi_calls_unfinished ON vi_calls (unfinished, id) WHERE unfinished;

-- The invitations' tokens, hashed: a link names neither call nor account.
CREATE TABLE vi_tokens (
	token   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	account TEXT COLLATE "C" NOT NULL,
	call_id TEXT COLLATE "C" NOT NULL,
	FOREIGN KEY (account, call_id) REFERENCES vi_calls (account, id)
);

CREATE TABLE vi_messages (
	account TEXT COLLATE "C" NOT NULL,
	call_id TEXT COLLATE "C" NOT NULL,
	n       BIGINT           NOT NULL,
	op      TEXT COLLATE "C" NOT NULL,
	seat    TEXT COLLATE "C" NOT NULL,
	name    TEXT             NOT NULL,
	body    TEXT             NOT NULL,
	at      BIGINT           NOT NULL,
	PRIMARY KEY (account, call_id, n),
	FOREIGN KEY (account, call_id) REFERENCES vi_calls (account, id)
);
CREATE UNIQUE INDEX vi_messages_op ON vi_messages (account, call_id, seat, op) WHERE op <> '';

CREATE TABLE vi_readings (
	seq         BIGINT           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	account     TEXT COLLATE "C" NOT NULL,
	call_id     TEXT COLLATE "C" NOT NULL,
	seat        TEXT COLLATE "C" NOT NULL,
	at          BIGINT           NOT NULL,
	span        BIGINT           NOT NULL, -- nanoseconds, as all durations
	candidate   TEXT             NOT NULL,
	protocol    TEXT             NOT NULL,
	rtt         BIGINT           NOT NULL,
	in_bitrate  DOUBLE PRECISION NOT NULL,
	in_loss     DOUBLE PRECISION NOT NULL,
	in_jitter   BIGINT           NOT NULL,
	out_bitrate DOUBLE PRECISION NOT NULL,
	out_loss    DOUBLE PRECISION NOT NULL,
	out_jitter  BIGINT           NOT NULL,
	FOREIGN KEY (account, call_id) REFERENCES vi_calls (account, id)
);
CREATE INDEX vi_readings_call ON vi_readings (account, call_id, at);
