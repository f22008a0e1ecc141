-- +goose Up
-- What WeChat thinks of a program (交易表现): score, deductions, guarantee badge, violations, and when that was read. guarantee: '' = not known. error: why the last reading
-- told less than it should, for a merchant. next_at: when it is read again; NULL = never.
CREATE TABLE standings (
    program_id        text PRIMARY KEY REFERENCES programs (id),
    score             bigint,
    score_at          bigint,
    guarantee         text NOT NULL DEFAULT '',
    guarantee_reasons text NOT NULL DEFAULT '[]',
    guarantee_at      bigint,
    violations_at     bigint,
    read_at           bigint,
    error             text NOT NULL DEFAULT '',
    failures          bigint NOT NULL DEFAULT 0,
    next_at           bigint,
    updated_at        bigint NOT NULL
);
CREATE INDEX standings_next ON standings (next_at) WHERE next_at IS NOT NULL;

-- One row for every change of a score; was: what it was before, NULL for the first.
CREATE TABLE standing_scores (
    id         text PRIMARY KEY,
    program_id text NOT NULL REFERENCES programs (id),
    score      bigint NOT NULL,
    was        bigint,
    at         bigint NOT NULL
);
CREATE INDEX standing_scores_of ON standing_scores (program_id, at, id);

-- Deductions from the score, as WeChat lists them. complaint_id: the case it names, empty until it is known here. found: the case is known only because the deduction names
-- it. lookups: how often WeChat was asked for such a case, next_lookup_at: when it is asked again; NULL = no more.
CREATE TABLE penalties (
    id                 text PRIMARY KEY,
    program_id         text NOT NULL REFERENCES programs (id),
    illegal_order_id   text NOT NULL,
    complaint_order_id text NOT NULL,
    complaint_id       text NOT NULL DEFAULT '',
    found              boolean NOT NULL DEFAULT false,
    wording            text NOT NULL,
    status             bigint NOT NULL,
    minus_score        bigint NOT NULL,
    transaction_id     text NOT NULL,
    illegal_at         bigint,
    changed_at         bigint,
    first_seen_at      bigint NOT NULL,
    lookups            bigint NOT NULL DEFAULT 0,
    next_lookup_at     bigint,
    UNIQUE (program_id, illegal_order_id)
);
CREATE INDEX penalties_at ON penalties ((COALESCE(illegal_at, 0)), id);
CREATE INDEX penalties_program_at ON penalties (program_id, (COALESCE(illegal_at, 0)), id);
CREATE INDEX penalties_complaint ON penalties (complaint_id) WHERE complaint_id <> '';

-- What the platform records against a program apart from complaints.
CREATE TABLE violations (
    id            text PRIMARY KEY,
    program_id    text NOT NULL REFERENCES programs (id),
    record_id     text NOT NULL,
    reason        text NOT NULL,
    content       text NOT NULL,
    rule_name     text NOT NULL,
    rule_url      text NOT NULL,
    at            bigint,
    first_seen_at bigint NOT NULL,
    UNIQUE (program_id, record_id)
);
CREATE INDEX violations_program_at ON violations (program_id, at, id);

-- +goose Down
SELECT 1;
