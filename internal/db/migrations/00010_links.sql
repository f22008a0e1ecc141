-- +goose Up
-- One-tap links: each opens one case for one receiver. receiver_key: hash of channel and address. series: a receiver gets another link when his last one has run out.
-- token_hash is what a request is compared with; token_sealed lets every message to the same receiver carry the same link.
CREATE TABLE links (
    id             text PRIMARY KEY,
    complaint_id   text NOT NULL,
    program_id     text NOT NULL,
    channel_id     text NOT NULL,
    user_id        text NOT NULL DEFAULT '',
    receiver_key   text NOT NULL,
    address_masked text NOT NULL,
    series         bigint NOT NULL,
    rights         text NOT NULL,
    token_hash     text NOT NULL UNIQUE,
    token_sealed   text NOT NULL,
    created_at     bigint NOT NULL,
    expires_at     bigint NOT NULL,
    revoked_at     bigint,
    revoked_by     text NOT NULL DEFAULT '',
    last_used_at   bigint,
    uses           bigint NOT NULL DEFAULT 0,
    UNIQUE (complaint_id, receiver_key, series)
);
CREATE INDEX links_receiver ON links (receiver_key);
CREATE INDEX links_expires ON links (expires_at);

-- +goose Down
SELECT 1;
