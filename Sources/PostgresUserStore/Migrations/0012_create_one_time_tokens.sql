-- What users get by email to show that they read it. A token is made without a secret; whoever delivers it claims the
-- secret, of which only a hash is stored.
CREATE TABLE one_time_tokens (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  -- 1: email verification, 2: password reset, 3: email change.
  purpose smallint NOT NULL,
  -- Where it is sent; of an email change the new email.
  email text NOT NULL,
  email_normalized text COLLATE "C" NOT NULL,
  -- What must still be so when it is used: the user's email, and when its password was set.
  current_email text COLLATE "C" NOT NULL,
  password_time timestamptz,
  create_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  -- Null until it is claimed.
  token_hash bytea,
  claim_time timestamptz,
  -- Null until it is used.
  use_time timestamptz
);

-- How many a user has got lately; and for a user that is purged.
CREATE INDEX one_time_tokens_user_idx ON one_time_tokens (user_id, purpose, create_time);
-- What may be removed.
CREATE INDEX one_time_tokens_expire_time_idx ON one_time_tokens (expire_time);

-- The email that a user has shown to be its own: it counts while it is still the user's email.
ALTER TABLE accounts ADD COLUMN verified_email text COLLATE "C", ADD COLUMN email_verify_time timestamptz;
