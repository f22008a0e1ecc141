-- +goose Up
-- Actions with pictures and of every kind; evidence; notes; texts to choose from.

-- nodes_before: how often WeChat had shown the mark of this kind of action when the attempt began; one more afterwards proves that it was taken.
ALTER TABLE actions ADD COLUMN accept_return bigint;
ALTER TABLE actions ADD COLUMN by_hand boolean NOT NULL DEFAULT false;
ALTER TABLE actions ADD COLUMN nodes_before bigint NOT NULL DEFAULT 0;

-- A picture that staff uploaded. It never changes: turning it or hiding a part of it makes another one with parent_id.
CREATE TABLE evidence (
    id              text PRIMARY KEY,
    complaint_id    text NOT NULL DEFAULT '',
    parent_id       text NOT NULL DEFAULT '',
    uploader_id     text NOT NULL,
    uploader_name   text NOT NULL,
    name            text NOT NULL,
    content_type    text NOT NULL,
    width           bigint NOT NULL,
    height          bigint NOT NULL,
    size            bigint NOT NULL,
    blob            text NOT NULL,
    original_type   text NOT NULL,
    original_blob   text NOT NULL,
    created_at      bigint NOT NULL
);
CREATE INDEX evidence_complaint ON evidence (complaint_id, created_at);
CREATE INDEX evidence_created ON evidence (created_at);
CREATE INDEX evidence_blob ON evidence (blob);
CREATE INDEX evidence_original ON evidence (original_blob);

-- Which picture belongs to which action, and what WeChat calls it there; WeChat forgets it after three days.
CREATE TABLE action_media (
    evidence_id text NOT NULL,
    program_id  text NOT NULL,
    media_id    text NOT NULL,
    obtained_at bigint NOT NULL,
    PRIMARY KEY (evidence_id, program_id)
);
CREATE TABLE action_evidence (
    action_id   text NOT NULL REFERENCES actions (id),
    evidence_id text NOT NULL,
    PRIMARY KEY (action_id, evidence_id)
);
CREATE INDEX action_evidence_evidence ON action_evidence (evidence_id);

-- What staff tell each other; never sent out.
CREATE TABLE notes (
    id           text PRIMARY KEY,
    complaint_id text NOT NULL REFERENCES complaints (id),
    author_id    text NOT NULL,
    author_name  text NOT NULL,
    text         text NOT NULL,
    created_at   bigint NOT NULL
);
CREATE INDEX notes_complaint ON notes (complaint_id, created_at);

-- Who is working on a case at this moment; the page renews it while somebody writes.
CREATE TABLE editing (
    complaint_id text PRIMARY KEY,
    user_id      text NOT NULL,
    user_name    text NOT NULL,
    until        bigint NOT NULL
);

-- 话术. kinds, types: JSON lists, empty = all.
CREATE TABLE templates (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    kinds      text NOT NULL DEFAULT '[]',
    decision   text NOT NULL DEFAULT '',
    types      text NOT NULL DEFAULT '[]',
    body       text NOT NULL,
    position   bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

-- What a newcomer finds; staff change and remove them as they like.
INSERT INTO templates (id, name, kinds, decision, types, body, position, created_at, updated_at) VALUES
    ('t-agree-refund', '同意退款', '["respond"]', 'agree', '[]', '非常抱歉给您带来不好的体验。我们同意您的诉求，会为「{商品}」（订单 {订单号}）退款 {金额}，原路退回您的支付账户，一般 1 到 3 个工作日到账。感谢您的耐心。', 1, 0, 0),
    ('t-agree-resend', '同意补发或换货', '["respond"]', 'agree', '[611,613,614,632,641,642,643]', '非常抱歉给您带来不便。我们会为您补发「{商品}」，寄出后快递单号会更新在订单里；如果您更希望退款，请直接回复，我们马上处理。', 2, 0, 0),
    ('t-agree-service', '客服没有及时回复', '["respond"]', 'agree', '[621,659,666]', '非常抱歉，客服没有及时回复您。您的问题已经由专人跟进，我们会在今天内给您处理结果；如需退款，我们同意原路退回 {金额}。', 3, 0, 0),
    ('t-refuse', '暂不能同意，说明情况', '["respond"]', 'refuse', '[]', '您好，我们认真核实了您反映的「{商品}」（订单 {订单号}）的情况：（请写明事实，例如发货时间、签收记录、沟通过程）。根据以上情况，暂时不能同意您的诉求，相关凭证已附上。如有不同意见，欢迎继续与我们沟通。', 4, 0, 0),
    ('t-supplement', '补充凭证说明', '["supplement"]', '', '[]', '平台您好，现补充订单 {订单号}（{商品}，{金额}）的凭证：1. （凭证名称与说明）；2. （凭证名称与说明）。以上材料可以证明：（一句话结论）。请平台核实。', 5, 0, 0),
    ('t-proof', '已退款的处理凭证', '["refund_proof"]', '', '[]', '平台您好，订单 {订单号} 的款项已经原路退回，退款金额 {金额}，退款单号 {退款单号}，凭证见图片。请平台核实。', 6, 0, 0),
    ('t-appeal', '申诉说明', '["appeal"]', '', '[]', '平台您好，我们对订单 {订单号}（{商品}）的判定有异议，理由如下：1. （事实与凭证）；2. （事实与凭证）。相关材料已附上，请平台重新核实。', 7, 0, 0);

-- +goose Down
SELECT 1;
