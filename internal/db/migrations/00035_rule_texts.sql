-- +goose Up
-- text: what a rule answers, before variables are filled in. It is part of the rule's version: a template that is edited later makes another version, and is not sent before that
-- one was replayed.
ALTER TABLE rules ADD COLUMN text text NOT NULL DEFAULT '';
UPDATE rules SET text = content;
UPDATE rules SET text = (SELECT t.body FROM templates AS t WHERE t.id = rules.template_id) WHERE EXISTS (SELECT 1 FROM templates AS t WHERE t.id = rules.template_id);

-- +goose Down
SELECT 1;
