-- +goose Up
-- Money back: WeChat Pay credentials and what was given back through them.

-- verify_id is the serial of a platform certificate or the id of WeChat Pay's public key. platform_certs: fetched from WeChat Pay, JSON. paused_until: WeChat Pay
-- refuses our credentials, one refund may try again then. hold_until: failing calls are spread out.
CREATE TABLE merchants (
    id                      text PRIMARY KEY,
    name                    text NOT NULL,
    mode                    text NOT NULL,
    mchid                   text NOT NULL,
    sp_mchid                text NOT NULL DEFAULT '',
    api_v3_key_sealed       text NOT NULL DEFAULT '',
    prev_api_v3_key_sealed  text NOT NULL DEFAULT '',
    private_key_sealed      text NOT NULL DEFAULT '',
    cert_pem                text NOT NULL DEFAULT '',
    cert_serial             text NOT NULL DEFAULT '',
    cert_expires_at         bigint,
    verify_mode             text NOT NULL,
    verify_id               text NOT NULL DEFAULT '',
    verify_pem              text NOT NULL DEFAULT '',
    platform_certs          text NOT NULL DEFAULT '[]',
    certs_fetched_at        bigint,
    certs_asked_at          bigint,
    key_confirmed_at        bigint,
    last_check              text NOT NULL DEFAULT '',
    pause_reason            text NOT NULL DEFAULT '',
    paused_until            bigint,
    pauses                  bigint NOT NULL DEFAULT 0,
    hold_until              bigint,
    expiry_told             bigint NOT NULL DEFAULT 0,
    version                 bigint NOT NULL DEFAULT 1,
    archived_at             bigint,
    created_at              bigint NOT NULL,
    updated_at              bigint NOT NULL
);
CREATE UNIQUE INDEX merchants_mchid ON merchants (mchid, sp_mchid) WHERE archived_at IS NULL;

-- One row per paid order: what WeChat Pay says of it, and the lock that every refund of the order takes, whoever asks for it in whichever case.
CREATE TABLE refund_orders (
    transaction_id text PRIMARY KEY,
    merchant_id    text NOT NULL DEFAULT '',
    out_trade_no   text NOT NULL DEFAULT '',
    total          bigint,
    payer_total    bigint,
    trade_state    text NOT NULL DEFAULT '',
    paid_at        bigint,
    appid          text NOT NULL DEFAULT '',
    checked_at     bigint,
    last_call_at   bigint,
    updated_at     bigint NOT NULL
);

-- turn counts changes of a refund: every change is a compare-and-set on it, and a job with an old turn does nothing. next_at is when the refund wants to be worked on.
CREATE TABLE refunds (
    id                  text PRIMARY KEY,
    complaint_id        text NOT NULL REFERENCES complaints (id),
    complaint_order_id  text NOT NULL,
    program_id          text NOT NULL,
    merchant_id         text NOT NULL REFERENCES merchants (id),
    transaction_id      text NOT NULL,
    out_trade_no        text NOT NULL DEFAULT '',
    out_refund_no       text NOT NULL UNIQUE,
    notify_url          text NOT NULL DEFAULT '',
    refund_id           text NOT NULL DEFAULT '',
    amount              bigint NOT NULL,
    order_total         bigint,
    payer_refund        bigint,
    elsewhere           bigint,
    reason              text NOT NULL DEFAULT '',
    state               text NOT NULL,
    turn                bigint NOT NULL DEFAULT 0,
    next_at             bigint,
    tries               bigint NOT NULL DEFAULT 0,
    queries             bigint NOT NULL DEFAULT 0,
    unclear_at          bigint,
    error_code          text NOT NULL DEFAULT '',
    wechat_code         text NOT NULL DEFAULT '',
    wechat_text         text NOT NULL DEFAULT '',
    rid                 text NOT NULL DEFAULT '',
    received_account    text NOT NULL DEFAULT '',
    source              text NOT NULL,
    actor_id            text NOT NULL,
    actor_name          text NOT NULL,
    approver_id         text NOT NULL DEFAULT '',
    approver_name       text NOT NULL DEFAULT '',
    reject_reason       text NOT NULL DEFAULT '',
    request_key         text NOT NULL,
    created_at          bigint NOT NULL,
    updated_at          bigint NOT NULL,
    submitted_at        bigint,
    succeeded_at        bigint,
    finished_at         bigint,
    UNIQUE (complaint_id, request_key)
);
CREATE INDEX refunds_complaint ON refunds (complaint_id, created_at);
CREATE INDEX refunds_transaction ON refunds (transaction_id, created_at);
CREATE INDEX refunds_created ON refunds (created_at, id);
CREATE INDEX refunds_program ON refunds (program_id, created_at, id);
CREATE INDEX refunds_merchant ON refunds (merchant_id, created_at, id);
CREATE INDEX refunds_work ON refunds (state, next_at);
-- At most one refund of an order is on its way.
CREATE UNIQUE INDEX refunds_in_flight ON refunds (transaction_id)
    WHERE state IN ('waiting_approval', 'queued', 'running', 'unknown', 'processing', 'abnormal', 'parked');

CREATE TABLE refund_attempts (
    id          text PRIMARY KEY,
    refund_id   text NOT NULL REFERENCES refunds (id),
    kind        text NOT NULL,
    started_at  bigint NOT NULL,
    finished_at bigint,
    outcome     text NOT NULL,
    status      text NOT NULL DEFAULT '',
    wechat_code text NOT NULL DEFAULT '',
    rid         text NOT NULL DEFAULT '',
    error       text NOT NULL DEFAULT ''
);
CREATE INDEX refund_attempts_refund ON refund_attempts (refund_id, started_at);

-- Verified notifications of WeChat Pay. One that fits no refund of ours is only kept.
CREATE TABLE refund_events (
    id            text PRIMARY KEY,
    merchant_id   text NOT NULL,
    event_id      text NOT NULL,
    event_type    text NOT NULL,
    dedupe_key    text NOT NULL UNIQUE,
    out_refund_no text NOT NULL DEFAULT '',
    transaction_id text NOT NULL DEFAULT '',
    refund_id     text NOT NULL DEFAULT '',
    status        text NOT NULL DEFAULT '',
    amount        bigint,
    matched       text NOT NULL DEFAULT '',
    repeats       bigint NOT NULL DEFAULT 0,
    received_at   bigint NOT NULL
);
CREATE INDEX refund_events_transaction ON refund_events (transaction_id, received_at);

CREATE TABLE reconciliations (
    id          text PRIMARY KEY,
    state       text NOT NULL,
    cursor      text NOT NULL DEFAULT '',
    checked     bigint NOT NULL DEFAULT 0,
    unreadable  bigint NOT NULL DEFAULT 0,
    differences text NOT NULL DEFAULT '[]',
    actor_name  text NOT NULL DEFAULT '',
    started_at  bigint NOT NULL,
    finished_at bigint
);
CREATE INDEX reconciliations_started ON reconciliations (started_at);

-- +goose Down
SELECT 1;
