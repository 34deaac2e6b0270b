-- SQLite has one writer at a time, so seq rises in the order of commits.
CREATE TABLE outbox_events (
	seq     INTEGER PRIMARY KEY AUTOINCREMENT,
	account TEXT    NOT NULL,
	kind    TEXT    NOT NULL,
	about   TEXT    NOT NULL,
	owner   TEXT    NOT NULL,
	at      INTEGER NOT NULL,
	data    TEXT    NOT NULL
) STRICT;
CREATE INDEX outbox_events_account ON outbox_events (account, seq);

CREATE TABLE outbox_cursors (
	consumer TEXT    NOT NULL PRIMARY KEY,
	seq      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idem_keys (
	scope   TEXT    NOT NULL,
	id      TEXT    NOT NULL,
	request TEXT    NOT NULL,
	at      INTEGER NOT NULL,
	status  INTEGER NOT NULL,
	body    BLOB,
	done    INTEGER NOT NULL,
	PRIMARY KEY (scope, id)
) STRICT;
CREATE INDEX idem_keys_at ON idem_keys (at);

-- One row, written now and then to see that writing works.
CREATE TABLE tandem_health (
	id      INTEGER PRIMARY KEY,
	at      INTEGER NOT NULL,
	ballast TEXT    NOT NULL -- to see that much can be written, after it could not
) STRICT;
INSERT INTO tandem_health VALUES (1, 0, '');
