-- +goose Up
-- Colleagues whom a note names: a JSON array of {id, name}.
ALTER TABLE notes ADD COLUMN mentions text NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE notes DROP COLUMN mentions;
