-- +goose Up
-- Programs with their own AppSecret: how their pushes are written, the Token and Key before the present ones, and what the page shows as a live check.
ALTER TABLE programs ADD COLUMN push_format text NOT NULL DEFAULT '';
ALTER TABLE programs ADD COLUMN prev_push_token_sealed text NOT NULL DEFAULT '';
ALTER TABLE programs ADD COLUMN prev_push_key_sealed text NOT NULL DEFAULT '';
ALTER TABLE programs ADD COLUMN push_url_checked_at bigint; -- WeChat's GET with a right signature
ALTER TABLE programs ADD COLUMN direct_push_at bigint;
ALTER TABLE programs ADD COLUMN push_refused_at bigint; -- a push whose Token was right and which is not as configured
ALTER TABLE programs ADD COLUMN push_refusal text NOT NULL DEFAULT '';
ALTER TABLE programs ADD COLUMN quota_until bigint; -- WeChat says that today's calls are used up

-- When a case is read again although nobody asked; NULL when WeChat has no more to say. unchanged counts readings in a row that brought nothing new.
ALTER TABLE complaints ADD COLUMN next_check_at bigint;
ALTER TABLE complaints ADD COLUMN unchanged bigint NOT NULL DEFAULT 0;
UPDATE complaints SET next_check_at = 0 WHERE stage <> 'closed' OR appeal_state = 403;
CREATE INDEX complaints_check ON complaints (next_check_at, id) WHERE next_check_at IS NOT NULL;

-- Pictures that WeChat shows with a case: its links expire, the copy stays. link is the address without its query, which is a signature that changes.
CREATE TABLE images (
    id           text PRIMARY KEY,
    complaint_id text NOT NULL REFERENCES complaints (id),
    link         text NOT NULL,
    url          text NOT NULL,
    state        text NOT NULL,
    sha256       text NOT NULL DEFAULT '',
    content_type text NOT NULL DEFAULT '',
    width        bigint NOT NULL DEFAULT 0,
    height       bigint NOT NULL DEFAULT 0,
    size         bigint NOT NULL DEFAULT 0,
    attempts     bigint NOT NULL DEFAULT 0,
    error        text NOT NULL DEFAULT '',
    next_try_at  bigint,
    created_at   bigint NOT NULL,
    archived_at  bigint,
    UNIQUE (complaint_id, link)
);
CREATE INDEX images_wanted ON images (next_try_at) WHERE state = 'wanted';
CREATE INDEX images_sha ON images (sha256);

-- +goose Down
SELECT 1;
