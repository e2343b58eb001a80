-- The users of the directory, one row each, deleted ones included.
CREATE TABLE users (
  id uuid PRIMARY KEY,
  -- As its owner wrote it.
  email text NOT NULL,
  -- Trimmed, NFC, lower case; made by the service. Compared byte by byte: no locale of the database has a say.
  email_normalized text COLLATE "C" NOT NULL,
  name text NOT NULL,
  -- An object of strings.
  labels jsonb NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  -- Null while the user is not deleted.
  delete_time timestamptz,
  -- When a deleted user may be removed for good.
  purge_time timestamptz,
  -- 1 when created, one more with each change: what an etag stands for.
  version bigint NOT NULL,
  CONSTRAINT users_deleted_with_purge_time CHECK ((delete_time IS NULL) = (purge_time IS NULL)),
  CONSTRAINT users_labels_object CHECK (jsonb_typeof(labels) = 'object')
);

-- Over deleted users too: their emails stay taken. It also carries the order by email of lists that show them.
CREATE UNIQUE INDEX users_email_normalized_key ON users (email_normalized);
CREATE INDEX users_email_normalized_live_idx ON users (email_normalized) WHERE delete_time IS NULL;

-- The order by creation, with and without deleted users. Each serves both directions.
CREATE INDEX users_create_time_idx ON users (create_time, id);
CREATE INDEX users_create_time_live_idx ON users (create_time, id) WHERE delete_time IS NULL;
