-- +goose Up
-- Closed cases by the day, for the workbench's chart.
CREATE INDEX complaints_closed_day ON complaints (closed_at, program_id) WHERE closed_at IS NOT NULL;

-- +goose Down
DROP INDEX complaints_closed_day;
