-- +goose Up
-- Rules: conditions under which a complaint is answered, and money given back, without a person. version counts edits of what a rule does, replayed_version is the one that
-- was shown on history; enabled_at: it acts on complaints that came later. failures: decisions in a row that ended by a failure.
CREATE TABLE rules (
    id                  text PRIMARY KEY,
    name                text NOT NULL,
    position            bigint NOT NULL,
    state               text NOT NULL,
    paused_reason       text NOT NULL DEFAULT '',
    paused_by           text NOT NULL DEFAULT '',
    paused_at           bigint,
    program_ids         text NOT NULL DEFAULT '[]',
    types               text NOT NULL DEFAULT '[]',
    amount_max          bigint NOT NULL,
    first_in_days       bigint,
    wait_minutes        bigint NOT NULL DEFAULT 0,
    valid_from          bigint,
    valid_to            bigint,
    decision            text NOT NULL,
    template_id         text NOT NULL DEFAULT '',
    content             text NOT NULL DEFAULT '',
    refund              text NOT NULL,
    refund_amount       bigint,
    max_amount_per_case bigint,
    max_cases_per_day   bigint NOT NULL,
    max_amount_per_day  bigint,
    version             bigint NOT NULL,
    replayed_version    bigint NOT NULL DEFAULT 0,
    replayed_at         bigint,
    enabled_at          bigint,
    failures            bigint NOT NULL DEFAULT 0,
    created_by          text NOT NULL,
    created_at          bigint NOT NULL,
    updated_by          text NOT NULL,
    updated_at          bigint NOT NULL
);

-- What a rule decided about a case: one for each case, ever. turn counts changes. day: the Beijing day whose limits it uses, empty until it does; reserved: fen that count
-- against the day; refunded: fen that went back. next_at: when it is looked at without being asked; NULL once it is over.
CREATE TABLE rule_decisions (
    id            text PRIMARY KEY,
    complaint_id  text NOT NULL UNIQUE REFERENCES complaints (id),
    program_id    text NOT NULL,
    rule_id       text NOT NULL,
    rule_version  bigint NOT NULL,
    rule_name     text NOT NULL,
    state         text NOT NULL,
    turn          bigint NOT NULL DEFAULT 0,
    decision      text NOT NULL,
    content       text NOT NULL DEFAULT '',
    refund_amount bigint NOT NULL DEFAULT 0,
    day           text NOT NULL DEFAULT '',
    reserved      bigint NOT NULL DEFAULT 0,
    refund_id     text NOT NULL DEFAULT '',
    refunded      bigint NOT NULL DEFAULT 0,
    action_id     text NOT NULL DEFAULT '',
    reason_code   text NOT NULL DEFAULT '',
    reason        text NOT NULL DEFAULT '',
    acts_at       bigint NOT NULL,
    next_at       bigint,
    created_at    bigint NOT NULL,
    updated_at    bigint NOT NULL,
    finished_at   bigint
);
CREATE INDEX rule_decisions_day ON rule_decisions (rule_id, day);
CREATE INDEX rule_decisions_next ON rule_decisions (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX rule_decisions_finished ON rule_decisions (finished_at);
CREATE INDEX rule_decisions_refund ON rule_decisions (refund_id);

-- The stop switch, one row. stopped_at: NULL while rules may act; last_stop: what was decided before it does not go on, also after a resume.
CREATE TABLE automation (
    id         text PRIMARY KEY,
    stopped_at bigint,
    stopped_by text NOT NULL DEFAULT '',
    last_stop  bigint,
    locked_at  bigint
);
INSERT INTO automation (id) VALUES ('all');

-- Who complained, as a keyed hash: to find the same user's other complaints without his openid. NULL: not known whose it is; empty: WeChat gave neither openid nor phone.
ALTER TABLE complaints ADD COLUMN user_hash text;
CREATE INDEX complaints_user ON complaints (user_hash, created_at) WHERE user_hash IS NOT NULL;
CREATE INDEX complaints_no_user ON complaints (created_at) WHERE user_hash IS NULL;

-- Keys that outlive rotations: what was hashed with them must stay comparable. Sealed like any secret.
CREATE TABLE hash_keys (
    id         text PRIMARY KEY,
    key_sealed text NOT NULL,
    created_at bigint NOT NULL
);

-- +goose Down
SELECT 1;
