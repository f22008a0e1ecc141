-- +goose Up
-- Violations are also pushed. kind: record (listed), punish or appeal (pushed). code: WeChat's event_type or appeal_status, 0 = not told. guide_url: how to put it right.
-- detail: JSON as WeChat sent it, in a shape that is not published.
ALTER TABLE violations ADD COLUMN kind text NOT NULL DEFAULT 'record';
ALTER TABLE violations ADD COLUMN code bigint NOT NULL DEFAULT 0;
ALTER TABLE violations ADD COLUMN guide_url text NOT NULL DEFAULT '';
ALTER TABLE violations ADD COLUMN detail text NOT NULL DEFAULT '';

-- +goose Down
SELECT 1;
