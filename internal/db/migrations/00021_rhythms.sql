-- +goose Up
-- How often a program is usually heard of, measured every hour. cases, longest: of the last months, ms; patience: how long a silence is still usual, NULL = not
-- enough cases to know. heard_at: the last push; told_for: the heard_at of the silence that people were told of.
CREATE TABLE rhythms (
    program_id  text PRIMARY KEY REFERENCES programs (id),
    cases       bigint NOT NULL,
    longest     bigint NOT NULL,
    patience    bigint,
    heard_at    bigint,
    told_for    bigint,
    measured_at bigint NOT NULL
);

-- +goose Down
SELECT 1;
