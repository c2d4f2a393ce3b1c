-- owner: jobs
-- What metrics need beyond the tables the engine works with.

-- Since when a job has been ready: the age of due work counts from when it was due, not from when it was handed in.
ALTER TABLE jobs.ready ADD COLUMN since timestamptz NOT NULL DEFAULT clock_timestamp();

-- How late the latest of the lanes that are due is looked at, in seconds. A lane that a mark has made due has no time of its own: the time of
-- the first job it would run stands for it. Lanes beyond the hundred that are due longest are not late by more.
CREATE FUNCTION jobs.lane_lag() RETURNS float8 LANGUAGE sql VOLATILE AS $$
    SELECT greatest(0, coalesce(max(jobs.now_us() - d.due_us), 0))::float8 / 1e6
      FROM (SELECT CASE WHEN l.next_us > 0 THEN l.next_us
                        ELSE (SELECT (extract(epoch FROM r.since) * 1000000)::bigint FROM jobs.ready r WHERE r.lane_id = l.id
                               ORDER BY r.priority, r.job_id LIMIT 1) END AS due_us
              FROM (SELECT id, next_us FROM jobs.lane WHERE next_us <= jobs.now_us() AND next_us IS NOT NULL AND NOT paused
                     ORDER BY next_us LIMIT 100) l) d $$;
