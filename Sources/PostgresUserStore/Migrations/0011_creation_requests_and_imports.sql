-- The creations that their callers gave an id, so that each happens once. A row is written with its user, and kept for a
-- day. It has no reference to the user: a user may be removed while the request is still remembered.
CREATE TABLE creation_requests (
  request_id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  -- What tells the fields of the request from those of another one.
  fingerprint bytea NOT NULL,
  create_time timestamptz NOT NULL
);
CREATE INDEX creation_requests_create_time_idx ON creation_requests (create_time);

-- How far the imports are. A row changes with the users of each chunk, in one transaction, and is kept for a month.
CREATE TABLE imports (
  id uuid PRIMARY KEY,
  -- How many rows were merged, from the first one on.
  row_count bigint NOT NULL,
  imported bigint NOT NULL,
  failed bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);
CREATE INDEX imports_update_time_idx ON imports (update_time);

-- The first rows of an import that failed, and why, without their values.
CREATE TABLE import_failures (
  import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
  index bigint NOT NULL,
  reason text NOT NULL,
  field text NOT NULL,
  description text NOT NULL,
  PRIMARY KEY (import_id, index)
);
