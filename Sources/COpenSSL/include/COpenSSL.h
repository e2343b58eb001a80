#pragma once
// OpenSSL's macros as functions, and a BIO over memory that the event loop lends.
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdint.h>

/// Ciphertext on its way: what the socket brought, and what it is to take. One serves all sessions of a loop, since each is
/// through with it before the next begins.
typedef struct {
  const unsigned char *_Nullable input;
  size_t input_count;
  unsigned char *_Nullable output;
  size_t output_count;
  size_t output_capacity;
} copenssl_wire;

/// A BIO that reads from the wire's input, asking to be tried again where there is none, and appends to its output.
BIO *_Nullable copenssl_wire_bio(copenssl_wire *_Nonnull wire);

/// What every context of ours has: RFC 9113, section 9.2. 1 for success.
int copenssl_harden(SSL_CTX *_Nonnull context, int minimum_version);
/// Enforces ALPN for a server (RFC 7301; RFC 9113, section 3.2): the first of these protocols that the client offers is chosen,
/// and a client that offers none gets the alert no_application_protocol. Where http/1.1 is among them, a client need not use ALPN.
/// `protocols` is a ProtocolNameList with its two bytes of length, and must live as long as the context.
void copenssl_require_protocols(SSL_CTX *_Nonnull context, const unsigned char *_Nonnull protocols);
/// Has a client check that the server's certificate is for this host, and sends its name (RFC 6066, section 3) if it is none of an
/// IP address. 1 for success.
int copenssl_expect_host(SSL *_Nonnull session, const char *_Nonnull host);
/// Has the certificate chosen by server name (RFC 6066, section 3): `choose` may put another context into the session.
typedef int (*copenssl_choose)(SSL *_Nullable session, int *_Nullable alert, void *_Nullable subject);
void copenssl_choose_by_name(SSL_CTX *_Nonnull context, copenssl_choose _Nonnull choose, void *_Nonnull subject);

/// Certificates and keys from PEM text in memory; 1 for success.
int copenssl_use_chain(SSL_CTX *_Nonnull context, const void *_Nonnull pem, int count);
/// `is_encrypted` becomes 1 for a key that takes a password.
int copenssl_use_key(SSL_CTX *_Nonnull context, const void *_Nonnull pem, int count, int *_Nonnull is_encrypted);

/// From when until when the certificate of a context is valid, and when the first of its chain ends, itself included. Seconds since 1970;
/// 1 for success.
int copenssl_validity(
    SSL_CTX *_Nonnull context, int64_t *_Nonnull start, int64_t *_Nonnull end, int64_t *_Nonnull chain_end);
/// Certificates that sign clients' ones, announced to the clients as well. The number of them, or -1.
int copenssl_trust(SSL_CTX *_Nonnull context, const void *_Nonnull pem, int count);

/// The alternative names of a certificate, one after the other: their type (GEN_DNS, GEN_URI, …) and text.
typedef void (*copenssl_name)(void *_Nonnull subject, int type, const char *_Nonnull text, int count);
void copenssl_each_name(X509 *_Nonnull certificate, copenssl_name _Nonnull name, void *_Nonnull subject);
/// The last common name of the subject; its length, or -1 without one. `text` is to be freed with copenssl_free.
int copenssl_common_name(X509 *_Nonnull certificate, unsigned char *_Nullable *_Nonnull text);
void copenssl_free(void *_Nullable memory);

/// A key of the curve P-256 from its secret, 32 bytes, whose public half is written to `public`; or, without a secret, from the public
/// half: both coordinates, 64 bytes. Null if it is none. To be freed with EVP_PKEY_free.
EVP_PKEY *_Nullable copenssl_p256(const unsigned char *_Nullable secret, unsigned char *_Nonnull public);
/// The same for Ed25519 (RFC 8032): the secret and the public half have 32 bytes.
EVP_PKEY *_Nullable copenssl_ed25519(const unsigned char *_Nullable secret, unsigned char *_Nonnull public);
/// The signature of a text, as JWS has it: ECDSA with SHA-256 for a key of P-256 (RFC 7518, section 3.4), else EdDSA (RFC 8037). 1 for
/// success.
int copenssl_sign(EVP_PKEY *_Nonnull key, const void *_Nullable text, size_t count, unsigned char *_Nonnull signature);
/// Whether 64 bytes are such a signature; 1 if they are.
int copenssl_verify(
    EVP_PKEY *_Nonnull key, const void *_Nullable text, size_t count, const unsigned char *_Nonnull signature);
/// HMAC with SHA-256 (RFC 2104), 32 bytes. 1 for success.
int copenssl_hmac_sha256(
    const void *_Nullable key, size_t key_count, const void *_Nullable text, size_t count, unsigned char *_Nonnull code);
