-- One document for each account. The digest tells apart documents that had the
-- same version, one of which was never committed.
CREATE TABLE desk_setups (
	account  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	version  BIGINT           NOT NULL,
	digest   TEXT             NOT NULL,
	document JSON             NOT NULL
);

-- The lines of the documents that have a key, to find the account by it.
CREATE TABLE desk_lines (
	key      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	account  TEXT COLLATE "C" NOT NULL,
	document JSON             NOT NULL
);
CREATE INDEX desk_lines_account ON desk_lines (account);

CREATE TABLE desk_numbers (
	account TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	last    BIGINT           NOT NULL
);

CREATE TABLE desk_tickets (
	seq          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- names the ticket in desk_words and desk_marks
	account      TEXT COLLATE "C" NOT NULL,
	id           TEXT COLLATE "C" NOT NULL,
	number       BIGINT           NOT NULL,
	contact      TEXT COLLATE "C" NOT NULL,
	line         TEXT COLLATE "C" NOT NULL,
	channel      TEXT COLLATE "C" NOT NULL,
	thread       TEXT COLLATE "C" NOT NULL,
	queue        TEXT COLLATE "C" NOT NULL,
	subject      TEXT             NOT NULL,
	status       TEXT COLLATE "C" NOT NULL,
	shelf        TEXT COLLATE "C" NOT NULL, -- the status, or spam: where lists look
	assignee     TEXT COLLATE "C" NOT NULL,
	owner        TEXT COLLATE "C" NOT NULL, -- the assignee; of a finished ticket that has none, the last one
	reason       TEXT             NOT NULL,
	prev         TEXT             NOT NULL,
	merged_to    TEXT             NOT NULL,
	last         TEXT             NOT NULL,
	cycles       JSON             NOT NULL,
	created_at   BIGINT           NOT NULL,
	updated_at   BIGINT           NOT NULL,
	status_at    BIGINT,
	queued_at    BIGINT,
	visit_at     BIGINT,
	assigned_at  BIGINT,
	waiting_from BIGINT,
	customer_at  BIGINT,
	reply_at     BIGINT,
	read_at      BIGINT,
	reply_due    BOOLEAN          NOT NULL,
	unread       BIGINT           NOT NULL,
	entries      BIGINT           NOT NULL,
	transfers    BIGINT           NOT NULL,
	units        BIGINT           NOT NULL,
	disposition  TEXT             NOT NULL,
	tags         JSON             NOT NULL,
	labels       JSON             NOT NULL,
	timers       JSON             NOT NULL,
	epochs       BIGINT           NOT NULL,
	merges       JSON             NOT NULL,
	version      BIGINT           NOT NULL
);
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
	account TEXT COLLATE "C" NOT NULL,
	ticket  TEXT COLLATE "C" NOT NULL,
	kind    TEXT COLLATE "C" NOT NULL,
	due_at  BIGINT           NOT NULL,
	epoch   BIGINT           NOT NULL,
	PRIMARY KEY (account, ticket, kind)
);
CREATE INDEX desk_timers_due ON desk_timers (due_at);

-- The tags and labels of tickets, to find tickets by them.
CREATE TABLE desk_marks (
	account TEXT COLLATE "C" NOT NULL,
	kind    TEXT COLLATE "C" NOT NULL, -- tag or label
	mark    TEXT COLLATE "C" NOT NULL,
	ticket  BIGINT           NOT NULL, -- its seq
	PRIMARY KEY (account, kind, mark, ticket)
);
CREATE INDEX desk_marks_ticket ON desk_marks (ticket);

CREATE TABLE desk_entries (
	account  TEXT COLLATE "C" NOT NULL,
	ticket   TEXT COLLATE "C" NOT NULL,
	n        BIGINT           NOT NULL,
	id       TEXT COLLATE "C" NOT NULL,
	kind     TEXT COLLATE "C" NOT NULL,
	side     TEXT COLLATE "C" NOT NULL,
	user_id  TEXT COLLATE "C" NOT NULL,
	name     TEXT             NOT NULL,
	op       TEXT COLLATE "C" NOT NULL,
	provider TEXT COLLATE "C" NOT NULL,
	line     TEXT COLLATE "C" NOT NULL,
	class    TEXT             NOT NULL,
	body     TEXT             NOT NULL,
	files    JSON             NOT NULL,
	delivery TEXT COLLATE "C" NOT NULL,
	problem  TEXT             NOT NULL,
	at       BIGINT           NOT NULL,
	sent_at  BIGINT,
	seen_at  BIGINT,
	event    TEXT             NOT NULL,
	data     TEXT             NOT NULL,
	PRIMARY KEY (account, ticket, n)
);
CREATE UNIQUE INDEX desk_entries_op ON desk_entries (account, ticket, side, op) WHERE op <> '';
CREATE UNIQUE INDEX desk_entries_provider ON desk_entries (account, line, provider) WHERE provider <> '';
CREATE INDEX desk_entries_queued ON desk_entries (at) WHERE delivery = 'queued';
CREATE INDEX desk_entries_message ON desk_entries (account, ticket, n) WHERE kind = 'message';

-- The words of messages and of contacts, by the seq of the ticket and the n of
-- the entry, and by the seq of the contact. They are made by the program, not by
-- a text search configuration, so that both databases find the same.
CREATE TABLE desk_words (
	id    BIGINT   NOT NULL PRIMARY KEY,
	words TSVECTOR NOT NULL
);
CREATE INDEX desk_words_words ON desk_words USING gin (words);
CREATE TABLE desk_people (
	id    BIGINT   NOT NULL PRIMARY KEY,
	words TSVECTOR NOT NULL
);
CREATE INDEX desk_people_words ON desk_people USING gin (words);

CREATE TABLE desk_files (
	account TEXT COLLATE "C" NOT NULL,
	id      TEXT COLLATE "C" NOT NULL,
	name    TEXT             NOT NULL,
	type    TEXT             NOT NULL,
	size    BIGINT           NOT NULL,
	width   BIGINT           NOT NULL,
	height  BIGINT           NOT NULL,
	user_id TEXT COLLATE "C" NOT NULL,
	thread  TEXT COLLATE "C" NOT NULL,
	ticket  TEXT COLLATE "C" NOT NULL,
	key     TEXT COLLATE "C" NOT NULL,
	at      BIGINT           NOT NULL,
	version BIGINT           NOT NULL,
	PRIMARY KEY (account, id)
);

CREATE TABLE desk_contacts (
	seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- names the contact in desk_people
	account     TEXT COLLATE "C" NOT NULL,
	id          TEXT COLLATE "C" NOT NULL,
	name        TEXT             NOT NULL,
	name_key    TEXT COLLATE "C" NOT NULL, -- in lower case, to sort by
	phone       TEXT COLLATE "C" NOT NULL,
	email       TEXT COLLATE "C" NOT NULL,
	identities  JSON             NOT NULL,
	attributes  JSON             NOT NULL,
	status      TEXT COLLATE "C" NOT NULL,
	merged_into TEXT COLLATE "C" NOT NULL,
	source      TEXT COLLATE "C" NOT NULL,
	ref         TEXT             NOT NULL,
	created_at  BIGINT           NOT NULL,
	seen_at     BIGINT           NOT NULL,
	version     BIGINT           NOT NULL
);
CREATE UNIQUE INDEX desk_contacts_id ON desk_contacts (account, id);
CREATE INDEX desk_contacts_name ON desk_contacts (account, name_key, id);
CREATE INDEX desk_contacts_seen ON desk_contacts (account, seen_at, id);
CREATE INDEX desk_contacts_phone ON desk_contacts (account, phone) WHERE phone <> '';
CREATE INDEX desk_contacts_email ON desk_contacts (account, email) WHERE email <> '';
CREATE INDEX desk_contacts_merged ON desk_contacts (account, merged_into) WHERE merged_into <> '';

CREATE TABLE desk_identities (
	account TEXT COLLATE "C" NOT NULL,
	line    TEXT COLLATE "C" NOT NULL,
	value   TEXT COLLATE "C" NOT NULL,
	contact TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (account, line, value)
);

CREATE TABLE desk_contact_notes (
	account TEXT COLLATE "C" NOT NULL,
	contact TEXT COLLATE "C" NOT NULL,
	id      TEXT COLLATE "C" NOT NULL,
	user_id TEXT COLLATE "C" NOT NULL,
	name    TEXT             NOT NULL,
	body    TEXT             NOT NULL,
	at      BIGINT           NOT NULL,
	PRIMARY KEY (account, id)
);
CREATE INDEX desk_contact_notes_contact ON desk_contact_notes (account, contact, at);

CREATE TABLE desk_agents (
	account  TEXT COLLATE "C" NOT NULL,
	user_id  TEXT COLLATE "C" NOT NULL,
	name     TEXT             NOT NULL,
	name_key TEXT COLLATE "C" NOT NULL, -- in lower case, to sort by
	email    TEXT COLLATE "C" NOT NULL,
	role     TEXT             NOT NULL,
	most     BIGINT           NOT NULL,
	skills   JSON             NOT NULL,
	queues   JSON             NOT NULL,
	disabled BOOLEAN          NOT NULL,
	presence JSON             NOT NULL,
	used     BIGINT           NOT NULL,
	active   BIGINT           NOT NULL,
	handled  BIGINT           NOT NULL,
	replies  BIGINT           NOT NULL,
	replied  BIGINT           NOT NULL, -- nanoseconds
	due_at   BIGINT, -- when a timer of the presence runs out
	version  BIGINT           NOT NULL,
	PRIMARY KEY (account, user_id)
);
CREATE INDEX desk_agents_due ON desk_agents (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE desk_intervals (
	seq      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	account  TEXT COLLATE "C" NOT NULL,
	user_id  TEXT COLLATE "C" NOT NULL,
	from_at  BIGINT           NOT NULL,
	to_at    BIGINT, -- NULL while it lasts
	document JSON             NOT NULL
);
CREATE INDEX desk_intervals_account ON desk_intervals (account, from_at);
CREATE INDEX desk_intervals_agent ON desk_intervals (account, user_id, from_at);

-- What happened to tickets and is counted, one row for each event.
CREATE TABLE desk_facts (
	seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	account TEXT COLLATE "C" NOT NULL,
	at      BIGINT           NOT NULL,
	what    TEXT COLLATE "C" NOT NULL, -- created, resolved, closed, on_hold or reopened
	ticket  TEXT COLLATE "C" NOT NULL,
	queue   TEXT COLLATE "C" NOT NULL,
	agent   TEXT COLLATE "C" NOT NULL,
	void    BOOLEAN          NOT NULL -- the ticket is spam or merged: its facts do not count
);
CREATE INDEX desk_facts_at ON desk_facts (account, at, what, queue, agent, void);
CREATE INDEX desk_facts_ticket ON desk_facts (account, ticket);
