-- +goose Up
-- A removed program keeps its row: its cases belong to it. A push or a new authorisation brings it back.
ALTER TABLE programs ADD COLUMN archived_at bigint;

-- +goose Down
SELECT 1;
