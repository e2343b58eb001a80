#include "COpenSSL.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <string.h>

// MARK: Keys

static EVP_PKEY *p256_from(const BIGNUM *secret, const unsigned char *point, size_t point_count) {
  EVP_PKEY *key = NULL;
  OSSL_PARAM *parameters = NULL;
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  if (builder && context && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, point_count) == 1 &&
      (!secret || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret) == 1) &&
      (parameters = OSSL_PARAM_BLD_to_param(builder)) && EVP_PKEY_fromdata_init(context) == 1)
    EVP_PKEY_fromdata(context, &key, secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parameters);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  return key;
}

EVP_PKEY *copenssl_p256(const unsigned char *secret, unsigned char *public) {
  EVP_PKEY *key = NULL;
  unsigned char octets[65] = {POINT_CONVERSION_UNCOMPRESSED};
  if (!secret) {
    memcpy(octets + 1, public, 64);
    return p256_from(NULL, octets, sizeof octets);
  }
  EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  EC_POINT *point = group ? EC_POINT_new(group) : NULL;
  BIGNUM *number = BN_secure_new();
  // A secret is a number from 1 to the order less one: SEC 1, section 3.2.1.
  if (point && number && BN_bin2bn(secret, 32, number) && !BN_is_zero(number) &&
      BN_cmp(number, EC_GROUP_get0_order(group)) < 0 && EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1 &&
      EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof octets, NULL) == sizeof octets) {
    key = p256_from(number, octets, sizeof octets);
    memcpy(public, octets + 1, 64);
  }
  BN_clear_free(number);
  EC_POINT_free(point);
  EC_GROUP_free(group);
  return key;
}

EVP_PKEY *copenssl_ed25519(const unsigned char *secret, unsigned char *public) {
  if (!secret) return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, 32);
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, 32);
  size_t count = 32;
  if (key && EVP_PKEY_get_raw_public_key(key, public, &count) == 1) return key;
  EVP_PKEY_free(key);
  return NULL;
}

// MARK: Signatures

/// SHA-256 for ECDSA; Ed25519 hashes by itself.
static const EVP_MD *digest_of(EVP_PKEY *key) { return EVP_PKEY_is_a(key, "EC") ? EVP_sha256() : NULL; }

int copenssl_sign(EVP_PKEY *key, const void *text, size_t count, unsigned char signature[64]) {
  unsigned char made[128];
  size_t made_count = sizeof made;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int succeeded = context && EVP_DigestSignInit(context, NULL, digest_of(key), NULL, key) == 1 &&
                  EVP_DigestSign(context, made, &made_count, text, count) == 1;
  EVP_MD_CTX_free(context);
  if (!succeeded) return 0;
  if (!digest_of(key)) {
    if (made_count != 64) return 0;
    memcpy(signature, made, 64);
    return 1;
  }
  // OpenSSL writes DER, RFC 7518 (section 3.4) wants both numbers as they are.
  const unsigned char *next = made;
  ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &next, (long)made_count);
  succeeded = numbers && BN_bn2binpad(ECDSA_SIG_get0_r(numbers), signature, 32) == 32 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(numbers), signature + 32, 32) == 32;
  ECDSA_SIG_free(numbers);
  return succeeded;
}

int copenssl_verify(EVP_PKEY *key, const void *text, size_t count, const unsigned char signature[64]) {
  unsigned char *der = NULL;
  const unsigned char *expected = signature;
  size_t expected_count = 64;
  if (digest_of(key)) {
    ECDSA_SIG *numbers = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
    int length = -1;
    // On success the signature owns them.
    if (numbers && r && s && ECDSA_SIG_set0(numbers, r, s) == 1) {
      length = i2d_ECDSA_SIG(numbers, &der);
    } else {
      BN_free(r);
      BN_free(s);
    }
    ECDSA_SIG_free(numbers);
    if (length <= 0) return 0;
    expected = der;
    expected_count = (size_t)length;
  }
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int succeeded = context && EVP_DigestVerifyInit(context, NULL, digest_of(key), NULL, key) == 1 &&
                  EVP_DigestVerify(context, expected, expected_count, text, count) == 1;
  EVP_MD_CTX_free(context);
  OPENSSL_free(der);
  // A forged signature leaves an error in the thread's queue, which TLS would mistake for one of its own.
  ERR_clear_error();
  return succeeded;
}

int copenssl_hmac_sha256(
    const void *key, size_t key_count, const void *text, size_t count, unsigned char code[32]) {
  unsigned int code_count = 32;
  return HMAC(EVP_sha256(), key, (int)key_count, text, count, code, &code_count) != NULL && code_count == 32;
}
