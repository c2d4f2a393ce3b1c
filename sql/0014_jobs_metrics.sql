-- owner: jobs
-- What metrics need beyond the tables the engine works with.

-- Since when a job has been ready: the age of due work counts from when it was due, not from when it was handed in.
ALTER TABLE jobs.ready ADD COLUMN since timestamptz NOT NULL DEFAULT clock_timestamp();

-- How late the latest of the lanes that are due is looked at, in seconds.
CREATE FUNCTION jobs.lane_lag() RETURNS float8 LANGUAGE sql VOLATILE AS $$
    SELECT greatest(0, coalesce(jobs.now_us() - (SELECT min(next_us) FROM jobs.pace WHERE next_us IS NOT NULL), 0))::float8 / 1e6 $$;
