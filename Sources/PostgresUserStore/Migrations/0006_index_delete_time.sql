-- without a transaction

-- Whose sessions have ended because they were deleted.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_delete_time_idx ON users (delete_time) WHERE delete_time IS NOT NULL;
