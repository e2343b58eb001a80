-- without a transaction

-- Work that one replica at a time does: who does it, until when, if he does not say so again. Nothing is wrong if two
-- do it: a lease only saves them the trouble.
CREATE TABLE IF NOT EXISTS worker_leases (
  name text PRIMARY KEY,
  holder uuid NOT NULL,
  expire_time timestamptz NOT NULL
);

INSERT INTO worker_leases (name, holder, expire_time)
VALUES ('purge', '00000000-0000-0000-0000-000000000000', '-infinity')
ON CONFLICT DO NOTHING;

-- The order of exports, without the deleted users: a run of them is not walked through.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_live_idx ON users (id) WHERE delete_time IS NULL;

-- Whose time has come.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_purge_time_idx ON users (purge_time) WHERE purge_time IS NOT NULL;
