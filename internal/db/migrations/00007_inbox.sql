-- +goose Up
-- The inbox at a million cases: narrow rows to filter, sort and count by, an index of what is written in them, who is responsible, saved views.

ALTER TABLE complaints ADD COLUMN assignee_id text NOT NULL DEFAULT '';

-- One row for each complaint, written in the transaction that changes it. Numbers only, so that every order below can carry everything that is filtered by and a
-- page is found in the index alone. no: made from the complaint's id; program, assignee: digests of ids, 0 = nobody; due: the deadline, or a number above
-- every deadline that puts the newest first; doc: its number in the text index, NULL until it is in there.
CREATE TABLE inbox (
    no           bigint PRIMARY KEY,
    complaint_id text NOT NULL,
    program      bigint NOT NULL,
    stage        bigint NOT NULL,
    status       bigint NOT NULL,
    type         bigint NOT NULL,
    assignee     bigint NOT NULL,
    due          bigint NOT NULL,
    created      bigint NOT NULL,
    text_hash    bigint NOT NULL,
    doc          bigint
);
CREATE INDEX inbox_due ON inbox (due, no, program, stage, status, type, assignee, created);
CREATE INDEX inbox_created ON inbox (created, no, program, stage, status, type, assignee, due);
CREATE INDEX inbox_program_due ON inbox (program, due, no, stage, status, type, assignee, created);
CREATE INDEX inbox_program_created ON inbox (program, created, no, stage, status, type, assignee, due);
CREATE INDEX inbox_stage_due ON inbox (stage, due, no, program, status, type, assignee, created);
CREATE INDEX inbox_stage_created ON inbox (stage, created, no, program, status, type, assignee, due);
CREATE INDEX inbox_status_due ON inbox (status, due, no, program, stage, type, assignee, created);
CREATE INDEX inbox_status_created ON inbox (status, created, no, program, stage, type, assignee, due);
CREATE INDEX inbox_type_due ON inbox (type, due, no, program, stage, status, assignee, created);
CREATE INDEX inbox_type_created ON inbox (type, created, no, program, stage, status, assignee, due);
CREATE INDEX inbox_assignee_due ON inbox (assignee, due, no, program, stage, status, type, created);
CREATE INDEX inbox_assignee_created ON inbox (assignee, created, no, program, stage, status, type, due);
CREATE INDEX inbox_doc ON inbox (doc);

-- Numbers of cases by program and stage: the sum of n. A change adds rows and never touches another's, so that nobody waits for anybody; they are added up now and then.
CREATE TABLE inbox_counts (
    id      text PRIMARY KEY,
    program bigint NOT NULL,
    stage   bigint NOT NULL,
    n       bigint NOT NULL
);
CREATE INDEX inbox_counts_of ON inbox_counts (program, stage);

-- The text index: which documents contain a term (a few characters, as a number). A segment is written once and never changed; several are merged into one.
-- state: 0 being written, 1 in use, 2 replaced, kept for whoever is still reading it.
CREATE TABLE search_segments (
    id         bigint PRIMARY KEY,
    base       bigint NOT NULL,
    size       bigint NOT NULL,
    state      bigint NOT NULL,
    changed_at bigint NOT NULL
);
CREATE TABLE search_postings (
    segment bigint NOT NULL,
    term    bigint NOT NULL,
    docs    bytea NOT NULL,
    PRIMARY KEY (segment, term)
);
CREATE TABLE search_state (
    id           text PRIMARY KEY,
    next_segment bigint NOT NULL,
    next_doc     bigint NOT NULL,
    version      bigint NOT NULL
);
INSERT INTO search_state (id, next_segment, next_doc, version) VALUES ('text', 1, 0, 0);

-- A filter that somebody keeps. query: as it stands in the address.
CREATE TABLE views (
    id         text PRIMARY KEY,
    owner_id   text NOT NULL,
    owner_name text NOT NULL,
    name       text NOT NULL,
    query      text NOT NULL,
    shared     boolean NOT NULL DEFAULT false,
    position   bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX views_owner ON views (owner_id);

-- +goose Down
SELECT 1;
