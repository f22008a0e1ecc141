-- +goose Up
-- An installation that already tells people is not made to wake more of them by an upgrade: its escalation ladder begins empty, the page of reminders offers it.
INSERT INTO settings (name, value, updated_at)
SELECT 'reminders', '{"ladder":[]}', 0
WHERE EXISTS (SELECT 1 FROM channels) AND NOT EXISTS (SELECT 1 FROM settings WHERE name = 'reminders');

-- +goose Down
SELECT 1;
