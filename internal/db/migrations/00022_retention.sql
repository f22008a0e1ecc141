-- +goose Up
-- What is forgotten after a while. closed_at: since when WeChat has no more to say, NULL while it has; erased_at: when the unmasked personal data were deleted.
ALTER TABLE complaints ADD COLUMN closed_at bigint;
ALTER TABLE complaints ADD COLUMN erased_at bigint;
UPDATE complaints SET closed_at = COALESCE(synced_at, first_seen_at) WHERE stage = 'closed' AND appeal_state <> 403;
CREATE INDEX complaints_closed ON complaints (closed_at, id) WHERE closed_at IS NOT NULL AND erased_at IS NULL;
CREATE INDEX complaints_open ON complaints (program_id, first_seen_at) WHERE closed_at IS NULL;
CREATE INDEX snapshots_taken ON snapshots (taken_at);
CREATE INDEX images_archived ON images (archived_at) WHERE state = 'archived';

-- Files that may have lost their last owner: they are deleted later, if nothing has them then. One content is one file, whoever stored it.
CREATE TABLE orphans (
    name  text PRIMARY KEY,
    since bigint NOT NULL
);

-- One row for each time that data was forgotten; counts grow with what was deleted, in the same transaction.
CREATE TABLE retention_runs (
    id          text PRIMARY KEY,
    settings    text NOT NULL,
    deliveries  bigint NOT NULL DEFAULT 0,
    snapshots   bigint NOT NULL DEFAULT 0,
    images      bigint NOT NULL DEFAULT 0,
    originals   bigint NOT NULL DEFAULT 0,
    personal    bigint NOT NULL DEFAULT 0,
    started_at  bigint NOT NULL,
    finished_at bigint
);
CREATE INDEX retention_runs_started ON retention_runs (started_at);

-- +goose Down
SELECT 1;
