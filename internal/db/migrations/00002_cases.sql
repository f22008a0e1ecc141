-- +goose Up
-- Actions with pictures and of every kind; evidence; notes; texts to choose from.

-- nodes_before: how often WeChat had shown the mark of this kind of action when the attempt began; one more afterwards proves that it was taken.
ALTER TABLE actions ADD COLUMN accept_return bigint;
ALTER TABLE actions ADD COLUMN by_hand boolean NOT NULL DEFAULT false;
ALTER TABLE actions ADD COLUMN nodes_before bigint NOT NULL DEFAULT 0;

-- A picture that staff uploaded. It never changes: turning it or hiding a part of it makes another one with parent_id.
CREATE TABLE evidence (
    id              text PRIMARY KEY,
    complaint_id    text NOT NULL DEFAULT '',
    parent_id       text NOT NULL DEFAULT '',
    uploader_id     text NOT NULL,
    uploader_name   text NOT NULL,
    name            text NOT NULL,
    content_type    text NOT NULL,
    width           bigint NOT NULL,
    height          bigint NOT NULL,
    size            bigint NOT NULL,
    blob            text NOT NULL,
    original_type   text NOT NULL,
    original_blob   text NOT NULL,
    created_at      bigint NOT NULL
);
CREATE INDEX evidence_complaint ON evidence (complaint_id, created_at);
CREATE INDEX evidence_created ON evidence (created_at);
CREATE INDEX evidence_blob ON evidence (blob);
CREATE INDEX evidence_original ON evidence (original_blob);

-- Which picture belongs to which action, and what WeChat calls it there; WeChat forgets it after three days.
CREATE TABLE action_media (
    evidence_id text NOT NULL,
    program_id  text NOT NULL,
    media_id    text NOT NULL,
    obtained_at bigint NOT NULL,
    PRIMARY KEY (evidence_id, program_id)
);
CREATE TABLE action_evidence (
    action_id   text NOT NULL REFERENCES actions (id),
    evidence_id text NOT NULL,
    PRIMARY KEY (action_id, evidence_id)
);
CREATE INDEX action_evidence_evidence ON action_evidence (evidence_id);

-- What staff tell each other; never sent out.
CREATE TABLE notes (
    id           text PRIMARY KEY,
    complaint_id text NOT NULL REFERENCES complaints (id),
    author_id    text NOT NULL,
    author_name  text NOT NULL,
    text         text NOT NULL,
    created_at   bigint NOT NULL
);
CREATE INDEX notes_complaint ON notes (complaint_id, created_at);

-- 话术. kinds, types: JSON lists, empty = all.
CREATE TABLE templates (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    kinds      text NOT NULL DEFAULT '[]',
    decision   text NOT NULL DEFAULT '',
    types      text NOT NULL DEFAULT '[]',
    body       text NOT NULL,
    position   bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

-- +goose Down
SELECT 1;
