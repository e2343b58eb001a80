#include "COpenSSL.h"

#include <stdlib.h>
#include <string.h>

// MARK: The wire

static int wire_read(BIO *bio, char *target, int capacity) {
  copenssl_wire *wire = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (wire->input_count == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t count = wire->input_count < (size_t)capacity ? wire->input_count : (size_t)capacity;
  memcpy(target, wire->input, count);
  wire->input += count;
  wire->input_count -= count;
  return (int)count;
}

static int wire_write(BIO *bio, const char *source, int count) {
  copenssl_wire *wire = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (count <= 0) return 0;
  size_t needed = wire->output_count + (size_t)count;
  if (needed > wire->output_capacity) {
    size_t capacity = wire->output_capacity * 2 > needed ? wire->output_capacity * 2 : needed;
    unsigned char *larger = realloc(wire->output, capacity);
    if (!larger) return -1;
    wire->output = larger;
    wire->output_capacity = capacity;
  }
  memcpy(wire->output + wire->output_count, source, (size_t)count);
  wire->output_count = needed;
  return count;
}

static long wire_control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  // Only a flush is ever needed, and there is nothing to flush.
  return command == BIO_CTRL_FLUSH;
}

static int wire_create(BIO *bio) {
  BIO_set_init(bio, 1);
  return 1;
}

static BIO_METHOD *method;

__attribute__((constructor)) static void make_method(void) {
  method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "event loop");
  if (!method) return;
  BIO_meth_set_read(method, wire_read);
  BIO_meth_set_write(method, wire_write);
  BIO_meth_set_ctrl(method, wire_control);
  BIO_meth_set_create(method, wire_create);
}

BIO *copenssl_wire_bio(copenssl_wire *wire) {
  BIO *bio = method ? BIO_new(method) : NULL;
  if (bio) BIO_set_data(bio, wire);
  return bio;
}

// MARK: Contexts

int copenssl_harden(SSL_CTX *context, int minimum_version) {
  static const unsigned char session_id_context[] = "user-service";
  // AES with 128 bits is as safe for now, and cheaper by a third.
  static const char suites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
  static const char older_suites[] = "ECDHE+AES128+AESGCM:ECDHE+AESGCM:ECDHE+CHACHA20";
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // An idle connection has no buffers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // Sessions live in tickets that clients keep, so that they cost the server nothing.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_timeout(context, 3600);
  return SSL_CTX_set_min_proto_version(context, minimum_version) == 1 &&
         SSL_CTX_set_ciphersuites(context, suites) == 1 && SSL_CTX_set_cipher_list(context, older_suites) == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1 &&
         SSL_CTX_set_session_id_context(context, session_id_context, sizeof session_id_context - 1) == 1;
}

// HTTP/1.1 needs no ALPN (RFC 9112, section 9.8): many proxies and older clients don't send it.
static int has_http1(const unsigned char *protocols) {
  static const unsigned char name[] = "\x08http/1.1";
  const unsigned char *place = protocols + 2;
  const unsigned char *end = place + ((size_t)protocols[0] << 8 | protocols[1]);
  for (; place < end; place += 1 + *place)
    if (*place == name[0] && memcmp(place, name, sizeof name - 1) == 0) return 1;
  return 0;
}

static int require_alpn(SSL *session, int *alert, void *argument) {
  const unsigned char *extension;
  size_t count;
  if (has_http1(argument)) return SSL_CLIENT_HELLO_SUCCESS;
  if (SSL_client_hello_get0_ext(session, TLSEXT_TYPE_application_layer_protocol_negotiation, &extension, &count) == 1)
    return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

static int select_protocol(
    SSL *session, const unsigned char **selected, unsigned char *selected_count, const unsigned char *offered,
    unsigned int count, void *argument) {
  (void)session;
  const unsigned char *protocols = argument;
  unsigned size = (unsigned)protocols[0] << 8 | protocols[1];
  unsigned char *choice;
  if (SSL_select_next_proto(&choice, selected_count, protocols + 2, size, offered, count) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *selected = choice;
  return SSL_TLSEXT_ERR_OK;
}

void copenssl_require_protocols(SSL_CTX *context, const unsigned char *protocols) {
  SSL_CTX_set_client_hello_cb(context, require_alpn, (void *)protocols);
  SSL_CTX_set_alpn_select_cb(context, select_protocol, (void *)protocols);
}

int copenssl_expect_host(SSL *session, const char *host) {
  X509_VERIFY_PARAM *rules = SSL_get0_param(session);
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, host) == 1) return 1;
  ERR_clear_error();
  // RFC 9525, section 6: alternative names only, and no wildcards within a label.
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(rules, host, 0) == 1 && SSL_set_tlsext_host_name(session, host) == 1;
}

void copenssl_choose_by_name(SSL_CTX *context, copenssl_choose choose, void *subject) {
  SSL_CTX_set_tlsext_servername_callback(context, choose);
  SSL_CTX_set_tlsext_servername_arg(context, subject);
}

// MARK: Certificates

/// PEM of its own without a password: a server can't be asked for one. `argument` points to an int that notes that it was.
static int no_password(char *target, int capacity, int writing, void *argument) {
  (void)target, (void)capacity, (void)writing;
  if (argument) *(int *)argument = 1;
  return -1;
}

/// The end of a PEM text is an error in OpenSSL's eyes, which is none of ours.
static int is_end(void) {
  unsigned long error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) return 0;
  ERR_clear_error();
  return 1;
}

int copenssl_use_chain(SSL_CTX *context, const void *pem, int count) {
  BIO *bio = BIO_new_mem_buf(pem, count);
  if (!bio) return 0;
  X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, no_password, NULL);
  int succeeded = certificate && SSL_CTX_use_certificate(context, certificate) == 1;
  X509_free(certificate);
  while (succeeded) {
    X509 *issuer = PEM_read_bio_X509(bio, NULL, no_password, NULL);
    if (!issuer) {
      succeeded = is_end();
      break;
    }
    // On success the context owns it.
    if (SSL_CTX_add0_chain_cert(context, issuer) != 1) {
      X509_free(issuer);
      succeeded = 0;
    }
  }
  BIO_free(bio);
  return succeeded;
}

int copenssl_use_key(SSL_CTX *context, const void *pem, int count, int *is_encrypted) {
  BIO *bio = BIO_new_mem_buf(pem, count);
  if (!bio) return 0;
  EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, is_encrypted);
  int succeeded = key && SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
  EVP_PKEY_free(key);
  BIO_free(bio);
  return succeeded;
}

static int seconds_since_1970(const ASN1_TIME *time, int64_t *seconds) {
  ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
  int days, rest;
  int succeeded = epoch && ASN1_TIME_diff(&days, &rest, epoch, time) == 1;
  ASN1_TIME_free(epoch);
  if (succeeded) *seconds = (int64_t)days * 86400 + rest;
  return succeeded;
}

int copenssl_validity(SSL_CTX *context, int64_t *start, int64_t *end, int64_t *chain_end) {
  X509 *certificate = SSL_CTX_get0_certificate(context);
  if (!certificate || !seconds_since_1970(X509_get0_notBefore(certificate), start) ||
      !seconds_since_1970(X509_get0_notAfter(certificate), end))
    return 0;
  *chain_end = *end;
  STACK_OF(X509) *chain = NULL;
  SSL_CTX_get0_chain_certs(context, &chain);
  for (int index = 0; index < sk_X509_num(chain); index++) {
    int64_t issuer_end;
    if (!seconds_since_1970(X509_get0_notAfter(sk_X509_value(chain, index)), &issuer_end)) return 0;
    if (issuer_end < *chain_end) *chain_end = issuer_end;
  }
  return 1;
}

int copenssl_trust(SSL_CTX *context, const void *pem, int count) {
  BIO *bio = BIO_new_mem_buf(pem, count);
  if (!bio) return -1;
  X509_STORE *store = SSL_CTX_get_cert_store(context);
  // Any certificate that is named here is trusted, whoever signed it.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  int number = 0;
  for (;;) {
    X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, no_password, NULL);
    if (!certificate) {
      if (!is_end()) number = -1;
      break;
    }
    int added = X509_STORE_add_cert(store, certificate) == 1 && SSL_CTX_add_client_CA(context, certificate) == 1;
    X509_free(certificate);
    if (!added) {
      number = -1;
      break;
    }
    number += 1;
  }
  BIO_free(bio);
  return number;
}

void copenssl_each_name(X509 *certificate, copenssl_name name, void *subject) {
  GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
  for (int index = 0; index < sk_GENERAL_NAME_num(names); index++) {
    const GENERAL_NAME *entry = sk_GENERAL_NAME_value(names, index);
    if (entry->type != GEN_DNS && entry->type != GEN_URI && entry->type != GEN_EMAIL) continue;
    const ASN1_IA5STRING *text = entry->d.ia5;
    name(subject, entry->type, (const char *)ASN1_STRING_get0_data(text), ASN1_STRING_length(text));
  }
  GENERAL_NAMES_free(names);
}

int copenssl_common_name(X509 *certificate, unsigned char **text) {
  X509_NAME *subject = X509_get_subject_name(certificate);
  int last = -1;
  for (int next = -1; (next = X509_NAME_get_index_by_NID(subject, NID_commonName, next)) >= 0;) last = next;
  if (last < 0) return -1;
  return ASN1_STRING_to_UTF8(text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
}

void copenssl_free(void *memory) { OPENSSL_free(memory); }
