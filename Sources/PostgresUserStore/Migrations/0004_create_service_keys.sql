-- Secrets that all processes of the service share. The role that serves reads them.
CREATE TABLE service_keys (
  name text PRIMARY KEY,
  key bytea NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now()
);

-- The numbers are the server's cryptographically strong ones: 610 random bits, pressed into the 512 of a key.
INSERT INTO service_keys (name, key)
SELECT 'page_tokens', sha512(string_agg(uuid_send(gen_random_uuid()), '')) FROM generate_series(1, 5);
