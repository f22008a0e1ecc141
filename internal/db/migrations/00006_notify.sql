-- +goose Up
-- Who hears what by tag, problem and amount; quiet hours; another channel when one is silent; many messages in one; reminders until somebody acts.

-- min_amount, max_amount: fen, NULL = no bound. quiet: {"from":"22:00","to":"08:00"}, Beijing time, null = none. grouped: many at once become one message.
ALTER TABLE subscriptions ADD COLUMN tags text NOT NULL DEFAULT '[]';
ALTER TABLE subscriptions ADD COLUMN types text NOT NULL DEFAULT '[]';
ALTER TABLE subscriptions ADD COLUMN min_amount bigint;
ALTER TABLE subscriptions ADD COLUMN max_amount bigint;
ALTER TABLE subscriptions ADD COLUMN quiet text NOT NULL DEFAULT 'null';
ALTER TABLE subscriptions ADD COLUMN fallback_channel_ids text NOT NULL DEFAULT '[]';
ALTER TABLE subscriptions ADD COLUMN grouped boolean NOT NULL DEFAULT true;

-- receiver_key: hash of channel and address. due_at: the deadline when it was planned. list_id: the message that tells this one together with others, or
-- that message itself (is_list). fallback_ids: the channels that are left when this one is silent at fallback_at.
ALTER TABLE notices ADD COLUMN user_id text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN subscription_id text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN event_key text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN reason text NOT NULL DEFAULT 'subscription';
ALTER TABLE notices ADD COLUMN reason_text text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN receiver_key text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN due_at bigint;
ALTER TABLE notices ADD COLUMN urgent boolean NOT NULL DEFAULT false;
ALTER TABLE notices ADD COLUMN list_id text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN is_list boolean NOT NULL DEFAULT false;
ALTER TABLE notices ADD COLUMN fallback_of text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN resend_of text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN fallback_ids text NOT NULL DEFAULT '[]';
ALTER TABLE notices ADD COLUMN fallback_at bigint;
CREATE INDEX notices_receiver ON notices (receiver_key, created_at);
CREATE INDEX notices_list ON notices (list_id) WHERE list_id <> '';
CREATE INDEX notices_fallback ON notices (fallback_at) WHERE fallback_at IS NOT NULL;

-- Tries are what limits are counted by, over all instances.
ALTER TABLE notice_attempts ADD COLUMN channel_id text NOT NULL DEFAULT '';
ALTER TABLE notice_attempts ADD COLUMN receiver_key text NOT NULL DEFAULT '';
CREATE INDEX notice_attempts_channel ON notice_attempts (channel_id, started_at);
CREATE INDEX notice_attempts_receiver ON notice_attempts (receiver_key, started_at);

-- One row per receiver who was told something: its lock, and the list that is being collected for him. held_id: the one that waits for the end of quiet hours.
CREATE TABLE bursts (
    receiver_key text PRIMARY KEY,
    list_id      text NOT NULL DEFAULT '',
    list_at      bigint,
    held_id      text NOT NULL DEFAULT '',
    updated_at   bigint NOT NULL
);

-- Since when a channel fails; one failure is told once.
ALTER TABLE channels ADD COLUMN failing_since bigint;

-- What the merchant has to do in a case, and who was reminded of it. version makes one of two instances act. hours: the reminder that was given, NULL = none;
-- rung: how many steps of the ladder were climbed; next_at: when there is something to do again, NULL = never.
CREATE TABLE duties (
    complaint_id text PRIMARY KEY,
    program_id   text NOT NULL,
    stage        text NOT NULL,
    due_at       bigint,
    started_at   bigint NOT NULL,
    hours        bigint,
    rung         bigint NOT NULL DEFAULT 0,
    next_at      bigint,
    version      bigint NOT NULL DEFAULT 0,
    updated_at   bigint NOT NULL
);
CREATE INDEX duties_next ON duties (next_at) WHERE next_at IS NOT NULL;

-- A member's address on a channel, where it is not the one he logs in with.
CREATE TABLE contacts (
    user_id        text NOT NULL,
    channel_id     text NOT NULL,
    address_sealed text NOT NULL,
    address_masked text NOT NULL,
    updated_at     bigint NOT NULL,
    PRIMARY KEY (user_id, channel_id)
);

-- “我已看到”: who has seen what a case asks for; gone when it asks for something else.
CREATE TABLE acknowledgements (
    complaint_id text PRIMARY KEY,
    stage        text NOT NULL,
    user_id      text NOT NULL,
    user_name    text NOT NULL,
    at           bigint NOT NULL
);

-- +goose Down
SELECT 1;
