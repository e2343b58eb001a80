-- How users sign in. A user without a row has no password and is not disabled.
CREATE TABLE accounts (
  user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  -- As passlib writes it, or crypt(3). Null without a password.
  password_hash text,
  password_time timestamptz,
  -- Null while the user is not disabled.
  disable_time timestamptz,
  -- Counts how often all sessions were ended by a new password or by disabling the user; sessions of an earlier epoch have
  -- ended. A session that begins at the same moment, which the statement can't see yet, has the earlier one.
  epoch bigint NOT NULL DEFAULT 1,
  epoch_time timestamptz
);

CREATE INDEX accounts_epoch_time_idx ON accounts (epoch_time) WHERE epoch_time IS NOT NULL;

-- Sign-ins. Refresh tokens are kept as hashes only.
CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  create_time timestamptz NOT NULL,
  -- When the current refresh token was made.
  refresh_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  -- Counts the refresh tokens.
  generation bigint NOT NULL,
  token_hash bytea NOT NULL,
  -- The epoch of its account in which it goes on.
  epoch bigint NOT NULL,
  -- Null while nobody has ended it.
  end_time timestamptz
);

-- Those of a user that go on, the newest first.
CREATE INDEX sessions_user_idx ON sessions (user_id, create_time DESC, id) WHERE end_time IS NULL;
-- For a user that is purged.
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
-- What other processes must learn of, and what may be removed.
CREATE INDEX sessions_end_time_idx ON sessions (end_time) WHERE end_time IS NOT NULL;
CREATE INDEX sessions_expire_time_idx ON sessions (expire_time);

-- What refresh tokens are derived from. The numbers are the server's cryptographically strong ones.
INSERT INTO service_keys (name, key)
SELECT 'refresh_tokens', sha512(string_agg(uuid_send(gen_random_uuid()), '')) FROM generate_series(1, 5);
