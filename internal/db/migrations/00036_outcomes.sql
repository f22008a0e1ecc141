-- +goose Up
-- What reports count a complaint by: one narrow row for each, written in the transactions that change it, and read in the order of its index alone. no, program: as in inbox.
-- Moments are Unix ms, 0 = never. answered, lapsed, ruled: when WeChat noted the merchant's answer, that there was none in time, that he was found liable. replied: when an
-- answer given here was done; reply: 1 agreed, 2 refused; member_id is empty when a rule answered. Amounts in fen, 0 = also unknown.
CREATE TABLE outcomes (
    no         bigint PRIMARY KEY,
    program_id text NOT NULL,
    program    bigint NOT NULL,
    type       bigint NOT NULL,
    status     bigint NOT NULL,
    created    bigint NOT NULL,
    closed     bigint NOT NULL,
    amount     bigint NOT NULL,
    answered   bigint NOT NULL DEFAULT 0,
    lapsed     bigint NOT NULL DEFAULT 0,
    ruled      bigint NOT NULL DEFAULT 0,
    replied    bigint NOT NULL DEFAULT 0,
    reply      bigint NOT NULL DEFAULT 0,
    member_id  text NOT NULL DEFAULT '',
    member     text NOT NULL DEFAULT '',
    refunded   bigint NOT NULL DEFAULT 0
);
INSERT INTO outcomes (no, program_id, program, type, status, created, closed, amount, answered, lapsed, ruled, refunded)
SELECT i.no, c.program_id, i.program, i.type, i.status, i.created, COALESCE(c.closed_at, 0), COALESCE(c.amount, 0),
    COALESCE((SELECT min(t.at) FROM timeline AS t WHERE t.complaint_id = c.id AND t.kind = 'node_109'), 0),
    COALESCE((SELECT min(t.at) FROM timeline AS t WHERE t.complaint_id = c.id AND t.kind = 'node_101'), 0),
    COALESCE((SELECT min(t.at) FROM timeline AS t WHERE t.complaint_id = c.id AND t.kind IN ('node_31', 'node_32')), 0),
    COALESCE((SELECT CAST(sum(r.amount) AS bigint) FROM refunds AS r WHERE r.complaint_id = c.id AND r.state = 'done'), 0)
FROM inbox AS i JOIN complaints AS c ON c.id = i.complaint_id;
UPDATE outcomes SET replied = a.finished_at, reply = CASE WHEN a.decision = 'agree' THEN 1 ELSE 2 END, member_id = CASE WHEN a.source = 'rule' THEN '' ELSE a.actor_id END, member = a.actor_name
FROM actions AS a JOIN inbox AS i ON i.complaint_id = a.complaint_id
WHERE outcomes.no = i.no AND a.kind = 'respond' AND a.state = 'done' AND a.finished_at IS NOT NULL;
CREATE INDEX outcomes_created ON outcomes (created, no, program, type, status, closed, amount, answered, lapsed, ruled, replied, reply, refunded);

-- +goose Down
SELECT 1;
