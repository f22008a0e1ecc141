-- +goose Up
-- What providers say after they accepted a message, and receivers who bound themselves by scanning a code.

-- provider_id: the provider's own id of the message; receipt: what it said of it later, '' = nothing yet.
ALTER TABLE notice_attempts ADD COLUMN provider_id text NOT NULL DEFAULT '';
ALTER TABLE notice_attempts ADD COLUMN receipt text NOT NULL DEFAULT '';
ALTER TABLE notice_attempts ADD COLUMN receipt_code text NOT NULL DEFAULT '';
ALTER TABLE notice_attempts ADD COLUMN receipt_at bigint;
CREATE INDEX notice_attempts_provider ON notice_attempts (provider_id);

-- renewals: how often the message got a new id because the provider lost the one before.
ALTER TABLE notices ADD COLUMN renewals bigint NOT NULL DEFAULT 0;
ALTER TABLE notices ADD COLUMN delivered_at bigint;

-- The part of a callback's address that nobody can guess.
ALTER TABLE channels ADD COLUMN callback_sealed text NOT NULL DEFAULT '';

-- Which channel a callback was for; '' = a program's push.
ALTER TABLE deliveries ADD COLUMN channel_id text NOT NULL DEFAULT '';

-- One row per code that was shown, and afterwards per receiver. scene_hash: what the code holds, used once. address_hash finds a receiver without opening
-- its address; a receiver who left keeps only that.
CREATE TABLE channel_bindings (
    id             text PRIMARY KEY,
    channel_id     text NOT NULL,
    name           text NOT NULL DEFAULT '',
    user_id        text NOT NULL DEFAULT '',
    state          text NOT NULL,
    reason         text NOT NULL DEFAULT '',
    scene_hash     text NOT NULL UNIQUE,
    address_hash   text NOT NULL DEFAULT '',
    address_sealed text NOT NULL DEFAULT '',
    address_masked text NOT NULL DEFAULT '',
    greeting       text NOT NULL DEFAULT '',
    greeting_text  text NOT NULL DEFAULT '',
    created_by     text NOT NULL DEFAULT '',
    created_at     bigint NOT NULL,
    expires_at     bigint NOT NULL,
    bound_at       bigint,
    updated_at     bigint NOT NULL
);
CREATE INDEX channel_bindings_channel ON channel_bindings (channel_id, address_hash);

-- +goose Down
SELECT 1;
