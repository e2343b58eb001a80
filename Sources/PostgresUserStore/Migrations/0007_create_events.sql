-- What was done to users, and by whom: no personal data. A change inserts its event in its own statement.
CREATE TABLE user_events (
  -- Drawn while the change holds the user's row: in the order of the changes of one user. Of different users, a later one
  -- may be committed first.
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id uuid NOT NULL,
  kind text NOT NULL,
  -- The user's version after the change.
  version bigint NOT NULL,
  -- The names of the fields that an update set.
  fields text[] NOT NULL DEFAULT '{}',
  -- The id of the caller. Null: the service itself.
  author text,
  time timestamptz NOT NULL
);

-- The events in the order in which everybody reads them. One transaction at a time moves them here from user_events.
CREATE TABLE user_feed (
  -- Without gaps.
  position bigint PRIMARY KEY,
  -- A random number of the transaction that moved it here: tells this history from another one with the same positions.
  stamp bigint NOT NULL,
  user_id uuid NOT NULL,
  kind text NOT NULL,
  version bigint NOT NULL,
  fields text[] NOT NULL,
  author text,
  time timestamptz NOT NULL,
  -- When it was moved here: how long it is kept counts from then.
  move_time timestamptz NOT NULL DEFAULT now()
);

-- The end of the feed, in one row. Who moves events holds its lock.
CREATE TABLE user_feed_head (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  position bigint NOT NULL,
  stamp bigint NOT NULL
);

-- The beginning, behind which the first event comes. Nobody is told of it.
WITH head AS (
  INSERT INTO user_feed_head (position, stamp) VALUES (0, ('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint)
  RETURNING position, stamp
)
INSERT INTO user_feed (position, stamp, user_id, kind, version, fields, time)
SELECT position, stamp, '00000000-0000-0000-0000-000000000000', 'begun', 0, '{}', now() FROM head;
