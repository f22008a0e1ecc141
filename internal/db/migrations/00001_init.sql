-- +goose Up
-- One DDL for SQLite and PostgreSQL: text ids (UUIDv7), bigint Unix milliseconds, bigint fen, JSON as text. *_sealed columns hold ciphertext.

CREATE TABLE keyset (
    id         text PRIMARY KEY,
    wrapped    text NOT NULL,
    created_at bigint NOT NULL
);

-- totp_sealed is only proposed until totp_confirmed_at is set; totp_step is the last time step whose code was used.
CREATE TABLE users (
    id                text PRIMARY KEY,
    email             text NOT NULL UNIQUE,
    name              text NOT NULL,
    role              text NOT NULL,
    password_hash     text NOT NULL,
    totp_sealed       text NOT NULL DEFAULT '',
    totp_confirmed_at bigint,
    totp_step         bigint NOT NULL DEFAULT 0,
    program_ids       text NOT NULL DEFAULT '[]',
    disabled_at       bigint,
    last_login_at     bigint,
    created_at        bigint NOT NULL,
    updated_at        bigint NOT NULL
);

-- An ended session keeps its row until it would have expired, so that a request under way cannot store it again.
CREATE TABLE sessions (
    token_hash text PRIMARY KEY,
    data       text NOT NULL,
    user_id    text NOT NULL DEFAULT '',
    ended_at   bigint,
    expires_at bigint NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires_at);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE api_tokens (
    id           text PRIMARY KEY,
    user_id      text NOT NULL REFERENCES users (id),
    name         text NOT NULL,
    token_hash   text NOT NULL UNIQUE,
    hint         text NOT NULL,
    last_used_at bigint,
    revoked_at   bigint,
    created_at   bigint NOT NULL
);
CREATE INDEX api_tokens_user ON api_tokens (user_id, created_at);

-- One row (id 'first'), so that there is never more than one live link.
CREATE TABLE setup_links (
    id         text PRIMARY KEY,
    token_hash text NOT NULL,
    used_at    bigint,
    created_at bigint NOT NULL
);

-- subject is a digest of the account or of the address.
CREATE TABLE login_failures (
    subject       text PRIMARY KEY,
    failures      bigint NOT NULL,
    blocked_until bigint,
    last_at       bigint NOT NULL
);
CREATE INDEX login_failures_last ON login_failures (last_at);

CREATE TABLE audit (
    id         text PRIMARY KEY,
    at         bigint NOT NULL,
    actor_id   text NOT NULL,
    actor_name text NOT NULL,
    verb       text NOT NULL,
    object     text NOT NULL,
    object_id  text NOT NULL,
    program_id text NOT NULL DEFAULT '',
    detail     text NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_object ON audit (object, at, id);
CREATE INDEX audit_actor ON audit (actor_id, at, id);

CREATE TABLE idempotency (
    user_id      text NOT NULL,
    path         text NOT NULL,
    key          text NOT NULL,
    request_hash text NOT NULL,
    status       bigint NOT NULL,
    body         text NOT NULL,
    created_at   bigint NOT NULL,
    PRIMARY KEY (user_id, path, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

CREATE TABLE platform (
    id                  text PRIMARY KEY,
    component_appid     text NOT NULL,
    secret_sealed       text NOT NULL DEFAULT '',
    token_sealed        text NOT NULL DEFAULT '',
    aes_key_sealed      text NOT NULL DEFAULT '',
    prev_token_sealed   text NOT NULL DEFAULT '',
    prev_aes_key_sealed text NOT NULL DEFAULT '',
    ticket_sealed       text NOT NULL DEFAULT '',
    ticket_received_at  bigint,
    ticket_created_at   bigint,
    push_started_at     bigint,
    updated_at          bigint NOT NULL
);

-- One row per access token we keep. lease_* make exactly one process refresh at a time, on both engines, without holding a transaction
-- open over the network.
CREATE TABLE credentials (
    kind            text NOT NULL,
    appid           text NOT NULL,
    access_sealed   text NOT NULL DEFAULT '',
    refresh_sealed  text NOT NULL DEFAULT '',
    refresh_history text NOT NULL DEFAULT '[]',
    expires_at      bigint,
    obtained_at     bigint,
    version         bigint NOT NULL DEFAULT 0,
    state           text NOT NULL DEFAULT 'ok',
    error           text NOT NULL DEFAULT '',
    refreshes       bigint NOT NULL DEFAULT 0,
    forced_at       bigint,
    lease_owner     text NOT NULL DEFAULT '',
    lease_until     bigint,
    PRIMARY KEY (kind, appid)
);

CREATE TABLE programs (
    id                 text PRIMARY KEY,
    appid              text NOT NULL UNIQUE,
    mode               text NOT NULL,
    state              text NOT NULL,
    name               text NOT NULL DEFAULT '',
    avatar_url         text NOT NULL DEFAULT '',
    principal_name     text NOT NULL DEFAULT '',
    user_name          text NOT NULL DEFAULT '',
    account_status     bigint,
    granted_sets       text NOT NULL DEFAULT '[]',
    denied_sets        text NOT NULL DEFAULT '[]',
    merchant_id        text NOT NULL DEFAULT '',
    owner_id           text NOT NULL DEFAULT '',
    tags               text NOT NULL DEFAULT '[]',
    score              bigint,
    last_push_at       bigint,
    last_error         text NOT NULL DEFAULT '',
    info_synced_at     bigint,
    authorized_at      bigint,
    revoked_at         bigint,
    app_secret_sealed  text NOT NULL DEFAULT '',
    push_token_sealed  text NOT NULL DEFAULT '',
    push_key_sealed    text NOT NULL DEFAULT '',
    push_mode          text NOT NULL DEFAULT '',
    created_at         bigint NOT NULL,
    updated_at         bigint NOT NULL
);

-- One row per click on "authorise": the ticket in our entry page's URL.
CREATE TABLE authorizations (
    ticket_hash   text PRIMARY KEY,
    created_by    text NOT NULL,
    program_id    text NOT NULL DEFAULT '',
    pre_auth_hash text NOT NULL DEFAULT '',
    appid         text NOT NULL DEFAULT '',
    code_hash     text NOT NULL DEFAULT '',
    state         text NOT NULL,
    error         text NOT NULL DEFAULT '',
    created_at    bigint NOT NULL,
    expires_at    bigint NOT NULL
);

-- An authorization code is used up by its first exchange; it arrives by redirect and by event, in any order, twice.
CREATE TABLE auth_codes (
    code_hash    text PRIMARY KEY,
    code_sealed  text NOT NULL,
    appid        text NOT NULL DEFAULT '',
    state        text NOT NULL,
    error        text NOT NULL DEFAULT '',
    created_at   bigint NOT NULL,
    exchanged_at bigint
);

CREATE TABLE deliveries (
    id           text PRIMARY KEY,
    source       text NOT NULL,
    appid        text NOT NULL,
    program_id   text NOT NULL DEFAULT '',
    event        text NOT NULL,
    dedupe_key   text NOT NULL UNIQUE,
    body_sealed  text NOT NULL,
    body_sha256  text NOT NULL,
    state        text NOT NULL,
    error        text NOT NULL DEFAULT '',
    repeats      bigint NOT NULL DEFAULT 0,
    received_at  bigint NOT NULL,
    processed_at bigint
);
CREATE INDEX deliveries_received ON deliveries (received_at, id);
CREATE INDEX deliveries_open ON deliveries (state, received_at);

CREATE TABLE complaints (
    id                 text PRIMARY KEY,
    program_id         text NOT NULL REFERENCES programs (id),
    complaint_order_id text NOT NULL,
    status             bigint NOT NULL DEFAULT 0,
    stage              text NOT NULL DEFAULT 'unknown',
    type               bigint NOT NULL DEFAULT 0,
    amount             bigint,
    product_name       text NOT NULL DEFAULT '',
    order_id           text NOT NULL DEFAULT '',
    transaction_id     text NOT NULL DEFAULT '',
    out_trade_no       text NOT NULL DEFAULT '',
    phone_sealed       text NOT NULL DEFAULT '',
    phone_masked       text NOT NULL DEFAULT '',
    openid_sealed      text NOT NULL DEFAULT '',
    openid_masked      text NOT NULL DEFAULT '',
    content_sealed     text NOT NULL DEFAULT '',
    content_masked     text NOT NULL DEFAULT '',
    images             text NOT NULL DEFAULT '[]',
    appeal_state       bigint NOT NULL DEFAULT 0,
    return_bill        text NOT NULL DEFAULT '',
    created_at         bigint,
    paid_at            bigint,
    due_at             bigint,
    due_sort           bigint NOT NULL, -- due_at, or the largest number when there is none: what "by time left" sorts and pages by
    first_seen_at      bigint NOT NULL,
    synced_at          bigint,
    sync_error         text NOT NULL DEFAULT '',
    sync_errcode       bigint NOT NULL DEFAULT 0,
    sync_rid           text NOT NULL DEFAULT '',
    sync_attempts      bigint NOT NULL DEFAULT 0,
    snapshot_hash      text NOT NULL DEFAULT '',
    version            bigint NOT NULL DEFAULT 0,
    UNIQUE (program_id, complaint_order_id)
);
CREATE INDEX complaints_due ON complaints (due_sort, id);
CREATE INDEX complaints_stage_due ON complaints (stage, due_sort, id);
CREATE INDEX complaints_seen ON complaints (first_seen_at, id);
CREATE INDEX complaints_program_due ON complaints (program_id, due_sort, id);
CREATE INDEX complaints_program_seen ON complaints (program_id, first_seen_at, id);
CREATE INDEX complaints_transaction ON complaints (transaction_id);

CREATE TABLE snapshots (
    id           text PRIMARY KEY,
    complaint_id text NOT NULL REFERENCES complaints (id),
    hash         text NOT NULL,
    status       bigint NOT NULL,
    body_sealed  text NOT NULL,
    taken_at     bigint NOT NULL
);
CREATE INDEX snapshots_complaint ON snapshots (complaint_id, taken_at);

CREATE TABLE timeline (
    id           text PRIMARY KEY,
    complaint_id text NOT NULL REFERENCES complaints (id),
    dedupe_key   text NOT NULL,
    at           bigint NOT NULL,
    source       text NOT NULL,
    kind         text NOT NULL,
    text         text NOT NULL DEFAULT '',
    images       text NOT NULL DEFAULT '[]',
    actor        text NOT NULL DEFAULT '',
    UNIQUE (complaint_id, dedupe_key)
);
CREATE INDEX timeline_at ON timeline (complaint_id, at, id);

CREATE TABLE actions (
    id           text PRIMARY KEY,
    complaint_id text NOT NULL REFERENCES complaints (id),
    program_id   text NOT NULL,
    kind         text NOT NULL,
    decision     text NOT NULL DEFAULT '',
    content      text NOT NULL DEFAULT '',
    evidence_ids text NOT NULL DEFAULT '[]',
    state        text NOT NULL,
    actor_id     text NOT NULL,
    actor_name   text NOT NULL,
    source       text NOT NULL,
    request_key  text NOT NULL, -- who asked and with which Idempotency-Key: the same request never makes a second action
    status_before bigint NOT NULL DEFAULT 0,
    error_code   text NOT NULL DEFAULT '',
    errcode      bigint,
    rid          text NOT NULL DEFAULT '',
    created_at   bigint NOT NULL,
    updated_at   bigint NOT NULL,
    finished_at  bigint,
    UNIQUE (complaint_id, request_key)
);
CREATE INDEX actions_complaint ON actions (complaint_id, created_at);
CREATE INDEX actions_open ON actions (state, updated_at);
-- At most one action of a case may be under way: the second of two clicks finds the index.
CREATE UNIQUE INDEX actions_in_flight ON actions (complaint_id) WHERE state IN ('queued', 'running', 'unknown');

CREATE TABLE action_attempts (
    id          text PRIMARY KEY,
    action_id   text NOT NULL REFERENCES actions (id),
    started_at  bigint NOT NULL,
    finished_at bigint,
    outcome     text NOT NULL,
    errcode     bigint,
    rid         text NOT NULL DEFAULT '',
    error       text NOT NULL DEFAULT ''
);
CREATE INDEX action_attempts_action ON action_attempts (action_id, started_at);

-- version counts changes of the settings. paused_until: the settings don't work, nothing is sent before somebody changes them, but one
-- notice may try again then. hold_until: the provider can't be reached or asked us to wait.
CREATE TABLE channels (
    id              text PRIMARY KEY,
    kind            text NOT NULL,
    name            text NOT NULL,
    settings        text NOT NULL DEFAULT '{}',
    secrets_sealed  text NOT NULL DEFAULT '',
    version         bigint NOT NULL DEFAULT 1,
    enabled         boolean NOT NULL DEFAULT true,
    paused_until    bigint,
    pauses          bigint NOT NULL DEFAULT 0,
    hold_until      bigint,
    failures        bigint NOT NULL DEFAULT 0,
    last_success_at bigint,
    last_failure_at bigint,
    last_error      text NOT NULL DEFAULT '',
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL
);

CREATE TABLE subscriptions (
    id          text PRIMARY KEY,
    name        text NOT NULL DEFAULT '',
    program_ids text NOT NULL DEFAULT '[]',
    events      text NOT NULL DEFAULT '[]',
    channel_ids text NOT NULL DEFAULT '[]',
    receivers_sealed text NOT NULL DEFAULT '',
    enabled     boolean NOT NULL DEFAULT true,
    created_at  bigint NOT NULL,
    updated_at  bigint NOT NULL
);

-- attempt_id, owner and lease_until belong to the try under way (state sending).
CREATE TABLE notices (
    id              text PRIMARY KEY,
    dedupe_key      text NOT NULL UNIQUE,
    complaint_id    text NOT NULL,
    program_id      text NOT NULL,
    event           text NOT NULL,
    channel_id      text NOT NULL,
    address_sealed  text NOT NULL,
    address_masked  text NOT NULL,
    state           text NOT NULL,
    attempts        bigint NOT NULL DEFAULT 0,
    next_try_at     bigint,
    attempt_id      text NOT NULL DEFAULT '',
    owner           text NOT NULL DEFAULT '',
    lease_until     bigint,
    error           text NOT NULL DEFAULT '',
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    sent_at         bigint
);
CREATE INDEX notices_complaint ON notices (complaint_id, created_at);
CREATE INDEX notices_state ON notices (state, created_at);
CREATE INDEX notices_created ON notices (created_at, id);

CREATE TABLE notice_attempts (
    id            text PRIMARY KEY,
    notice_id     text NOT NULL REFERENCES notices (id),
    started_at    bigint NOT NULL,
    finished_at   bigint,
    outcome       text NOT NULL,
    provider_code text NOT NULL DEFAULT '',
    provider_text text NOT NULL DEFAULT '',
    text          text NOT NULL DEFAULT ''
);
CREATE INDEX notice_attempts_notice ON notice_attempts (notice_id, started_at);

-- +goose Down
SELECT 1;
