-- One document for each account. The digest tells apart documents that had the
-- same version, one of which was never committed.
CREATE TABLE desk_setups (
	account  TEXT    NOT NULL PRIMARY KEY,
	version  INTEGER NOT NULL,
	digest   TEXT    NOT NULL,
	document TEXT    NOT NULL
) STRICT;

-- The lines of the documents that have a key, to find the account by it.
CREATE TABLE desk_lines (
	key      TEXT NOT NULL PRIMARY KEY,
	account  TEXT NOT NULL,
	document TEXT NOT NULL
) STRICT;
CREATE INDEX desk_lines_account ON desk_lines (account);

CREATE TABLE desk_numbers (
	account TEXT    NOT NULL PRIMARY KEY,
	last    INTEGER NOT NULL
) STRICT;

CREATE TABLE desk_tickets (
	seq          INTEGER PRIMARY KEY, -- names the ticket in desk_words and desk_marks
	account      TEXT    NOT NULL,
	id           TEXT    NOT NULL,
	number       INTEGER NOT NULL,
	contact      TEXT    NOT NULL,
	line         TEXT    NOT NULL,
	channel      TEXT    NOT NULL,
	thread       TEXT    NOT NULL,
	queue        TEXT    NOT NULL,
	subject      TEXT    NOT NULL,
	status       TEXT    NOT NULL,
	shelf        TEXT    NOT NULL, -- the status, or spam: where lists look
	assignee     TEXT    NOT NULL,
	owner        TEXT    NOT NULL, -- the assignee; of a finished ticket that has none, the last one
	reason       TEXT    NOT NULL,
	prev         TEXT    NOT NULL,
	merged_to    TEXT    NOT NULL,
	last         TEXT    NOT NULL,
	cycles       TEXT    NOT NULL,
	created_at   INTEGER NOT NULL,
	updated_at   INTEGER NOT NULL,
	status_at    INTEGER,
	queued_at    INTEGER,
	visit_at     INTEGER,
	assigned_at  INTEGER,
	waiting_from INTEGER,
	customer_at  INTEGER,
	reply_at     INTEGER,
	read_at      INTEGER,
	reply_due    INTEGER NOT NULL,
	unread       INTEGER NOT NULL,
	entries      INTEGER NOT NULL,
	transfers    INTEGER NOT NULL,
	units        INTEGER NOT NULL,
	disposition  TEXT    NOT NULL,
	tags         TEXT    NOT NULL,
	labels       TEXT    NOT NULL,
	timers       TEXT    NOT NULL,
	epochs       INTEGER NOT NULL,
	merges       TEXT    NOT NULL,
	version      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX desk_tickets_id ON desk_tickets (account, id);
CREATE UNIQUE INDEX desk_tickets_number ON desk_tickets (account, number);
CREATE UNIQUE INDEX desk_tickets_live ON desk_tickets (account, thread) WHERE status <> 'closed';
CREATE INDEX desk_tickets_thread ON desk_tickets (account, thread, number);
CREATE INDEX desk_tickets_contact ON desk_tickets (account, contact);
-- Lists are in the order of the last change, on one shelf. What else they often
-- ask for is at the end, so that rows they do not show need not be looked up.
CREATE INDEX desk_tickets_shelf ON desk_tickets (account, shelf, updated_at, id, channel, created_at);
CREATE INDEX desk_tickets_owner ON desk_tickets (account, owner, shelf, updated_at, id, channel, created_at);
CREATE INDEX desk_tickets_queue ON desk_tickets (account, queue, shelf, updated_at, id, channel, created_at);

-- The timers of tickets, to find those that have run out.
CREATE TABLE desk_timers (
	account TEXT    NOT NULL,
	ticket  TEXT    NOT NULL,
	kind    TEXT    NOT NULL,
	due_at  INTEGER NOT NULL,
	epoch   INTEGER NOT NULL,
	PRIMARY KEY (account, ticket, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_timers_due ON desk_timers (due_at);

-- The tags and labels of tickets, to find tickets by them.
CREATE TABLE desk_marks (
	account TEXT    NOT NULL,
	kind    TEXT    NOT NULL, -- tag or label
	mark    TEXT    NOT NULL,
	ticket  INTEGER NOT NULL, -- its seq
	PRIMARY KEY (account, kind, mark, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_marks_ticket ON desk_marks (ticket);

CREATE TABLE desk_entries (
	account  TEXT    NOT NULL,
	ticket   TEXT    NOT NULL,
	n        INTEGER NOT NULL,
	id       TEXT    NOT NULL,
	kind     TEXT    NOT NULL,
	side     TEXT    NOT NULL,
	user_id  TEXT    NOT NULL,
	name     TEXT    NOT NULL,
	op       TEXT    NOT NULL,
	provider TEXT    NOT NULL,
	line     TEXT    NOT NULL,
	class    TEXT    NOT NULL,
	body     TEXT    NOT NULL,
	files    TEXT    NOT NULL,
	delivery TEXT    NOT NULL,
	problem  TEXT    NOT NULL,
	at       INTEGER NOT NULL,
	sent_at  INTEGER,
	seen_at  INTEGER,
	event    TEXT    NOT NULL,
	data     TEXT    NOT NULL,
	PRIMARY KEY (account, ticket, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX desk_entries_op ON desk_entries (account, ticket, side, op) WHERE op <> '';
CREATE UNIQUE INDEX desk_entries_provider ON desk_entries (account, line, provider) WHERE provider <> '';
CREATE INDEX desk_entries_queued ON desk_entries (at) WHERE delivery = 'queued';
CREATE INDEX desk_entries_message ON desk_entries (account, ticket, n) WHERE kind = 'message';

-- The words of messages and of contacts, by the seq of the ticket and the n of
-- the entry, and by the seq of the contact. The words are separated by spaces
-- and in lower case already, so the tokenizer has nothing to do that depends on
-- a version of Unicode. What begins with up to six letters is indexed too: of
-- the other words all that begin so would have to be merged, at every search.
CREATE VIRTUAL TABLE desk_words USING fts5 (words, content='', contentless_delete=1, detail=none, tokenize='ascii', prefix='1 2 3 4 5 6');
CREATE VIRTUAL TABLE desk_people USING fts5 (words, content='', contentless_delete=1, detail=none, tokenize='ascii', prefix='1 2 3 4 5 6');

CREATE TABLE desk_files (
	account TEXT    NOT NULL,
	id      TEXT    NOT NULL,
	name    TEXT    NOT NULL,
	type    TEXT    NOT NULL,
	size    INTEGER NOT NULL,
	width   INTEGER NOT NULL,
	height  INTEGER NOT NULL,
	user_id TEXT    NOT NULL,
	thread  TEXT    NOT NULL,
	ticket  TEXT    NOT NULL,
	key     TEXT    NOT NULL,
	at      INTEGER NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE desk_contacts (
	seq         INTEGER PRIMARY KEY, -- names the contact in desk_people
	account     TEXT    NOT NULL,
	id          TEXT    NOT NULL,
	name        TEXT    NOT NULL,
	name_key    TEXT    NOT NULL, -- in lower case, to sort by
	phone       TEXT    NOT NULL,
	email       TEXT    NOT NULL,
	identities  TEXT    NOT NULL,
	attributes  TEXT    NOT NULL,
	status      TEXT    NOT NULL,
	merged_into TEXT    NOT NULL,
	source      TEXT    NOT NULL,
	ref         TEXT    NOT NULL,
	created_at  INTEGER NOT NULL,
	seen_at     INTEGER NOT NULL,
	version     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX desk_contacts_id ON desk_contacts (account, id);
CREATE INDEX desk_contacts_name ON desk_contacts (account, name_key, id);
CREATE INDEX desk_contacts_seen ON desk_contacts (account, seen_at, id);
CREATE INDEX desk_contacts_phone ON desk_contacts (account, phone) WHERE phone <> '';
CREATE INDEX desk_contacts_email ON desk_contacts (account, email) WHERE email <> '';
CREATE INDEX desk_contacts_merged ON desk_contacts (account, merged_into) WHERE merged_into <> '';

CREATE TABLE desk_identities (
	account TEXT NOT NULL,
	line    TEXT NOT NULL,
	value   TEXT NOT NULL,
	contact TEXT NOT NULL,
	PRIMARY KEY (account, line, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE desk_contact_notes (
	account TEXT    NOT NULL,
	contact TEXT    NOT NULL,
	id      TEXT    NOT NULL,
	user_id TEXT    NOT NULL,
	name    TEXT    NOT NULL,
	body    TEXT    NOT NULL,
	at      INTEGER NOT NULL,
	PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_contact_notes_contact ON desk_contact_notes (account, contact, at);

CREATE TABLE desk_agents (
	account  TEXT    NOT NULL,
	user_id  TEXT    NOT NULL,
	name     TEXT    NOT NULL,
	name_key TEXT    NOT NULL, -- in lower case, to sort by
	email    TEXT    NOT NULL,
	role     TEXT    NOT NULL,
	most     INTEGER NOT NULL,
	skills   TEXT    NOT NULL,
	queues   TEXT    NOT NULL,
	disabled INTEGER NOT NULL,
	presence TEXT    NOT NULL,
	used     INTEGER NOT NULL,
	active   INTEGER NOT NULL,
	handled  INTEGER NOT NULL,
	replies  INTEGER NOT NULL,
	replied  INTEGER NOT NULL, -- nanoseconds
	due_at   INTEGER,          -- when a timer of the presence runs out
	version  INTEGER NOT NULL,
	PRIMARY KEY (account, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_agents_due ON desk_agents (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE desk_intervals (
	seq      INTEGER PRIMARY KEY,
	account  TEXT    NOT NULL,
	user_id  TEXT    NOT NULL,
	from_at  INTEGER NOT NULL,
	to_at    INTEGER, -- NULL while it lasts
	document TEXT    NOT NULL
) STRICT;
CREATE INDEX desk_intervals_account ON desk_intervals (account, from_at);
CREATE INDEX desk_intervals_agent ON desk_intervals (account, user_id, from_at);

-- What happened to tickets and is counted, one row for each event.
CREATE TABLE desk_facts (
	seq     INTEGER PRIMARY KEY,
	account TEXT    NOT NULL,
	at      INTEGER NOT NULL,
	what    TEXT    NOT NULL, -- created, resolved, closed, on_hold or reopened
	ticket  TEXT    NOT NULL,
	queue   TEXT    NOT NULL,
	agent   TEXT    NOT NULL,
	void    INTEGER NOT NULL  -- the ticket is spam or merged: its facts do not count
) STRICT;
CREATE INDEX desk_facts_at ON desk_facts (account, at, what, queue, agent, void);
CREATE INDEX desk_facts_ticket ON desk_facts (account, ticket);
