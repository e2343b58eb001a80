-- The sessions of users who were removed for good: their own rows go with the users, but for a while other processes must
-- learn that the sessions' access tokens are no good any more.
CREATE TABLE ended_sessions (
  id uuid PRIMARY KEY,
  end_time timestamptz NOT NULL
);

CREATE INDEX ended_sessions_end_time_idx ON ended_sessions (end_time);
