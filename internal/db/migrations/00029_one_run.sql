-- +goose Up
-- Data are forgotten by one run at a time, whoever begins it. Of several that were never ended, the newest goes on.
UPDATE retention_runs SET finished_at = started_at
WHERE finished_at IS NULL AND EXISTS (
    SELECT 1 FROM retention_runs AS later
    WHERE later.finished_at IS NULL AND (later.started_at > retention_runs.started_at OR later.started_at = retention_runs.started_at AND later.id > retention_runs.id)
);
CREATE UNIQUE INDEX retention_runs_one ON retention_runs ((COALESCE(finished_at, 0))) WHERE finished_at IS NULL;

-- +goose Down
DROP INDEX retention_runs_one;
