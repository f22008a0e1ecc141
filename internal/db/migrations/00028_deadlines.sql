-- +goose Up
-- What a deadline was and what it became: such entries of the timeline carry both, so that each reader sees them in his own language. Unix ms, null = no deadline.
ALTER TABLE timeline ADD COLUMN due_from bigint;
ALTER TABLE timeline ADD COLUMN due_to bigint;

-- +goose Down
ALTER TABLE timeline DROP COLUMN due_to;
ALTER TABLE timeline DROP COLUMN due_from;
