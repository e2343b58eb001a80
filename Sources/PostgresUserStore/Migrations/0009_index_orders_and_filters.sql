-- without a transaction

-- The orders by the last change and by name, each with and without the deleted users. A list of both merges two indexes:
-- a user is in one of them, so that a write pays for one.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_update_time_live_idx ON users (update_time, id) WHERE delete_time IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_update_time_deleted_idx ON users (update_time, id)
  WHERE delete_time IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_name_live_idx ON users (name COLLATE "C", id) WHERE delete_time IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_name_deleted_idx ON users (name COLLATE "C", id)
  WHERE delete_time IS NOT NULL;

-- The deleted users alone, in the other orders.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_create_time_deleted_idx ON users (create_time, id)
  WHERE delete_time IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_normalized_deleted_idx ON users (email_normalized)
  WHERE delete_time IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_deleted_idx ON users (id) WHERE delete_time IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_delete_time_id_idx ON users (delete_time, id)
  WHERE delete_time IS NOT NULL;
-- The one before also serves what this one did.
DROP INDEX CONCURRENTLY IF EXISTS users_delete_time_idx;
