-- +goose Up
-- What staff decide for the whole installation: one JSON value for each subject.
CREATE TABLE settings (
    name       text PRIMARY KEY,
    value      text NOT NULL,
    updated_at bigint NOT NULL
);

-- +goose Down
SELECT 1;
