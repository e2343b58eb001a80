// Load of two gRPC calls in a given proportion, which h2load can't do: it sends but one body. The body of a write holds an
// email ada-00000000@..., whose digits are made different each time. With USERS, that of a read holds an id of messages.py,
// whose number is drawn from 1 to USERS. Every answer must have grpc-status 0. Prints calls a second and mean seconds of a call.
// usage: rpc-load HOST:PORT READ-BODY WRITE-BODY WRITES-OF-TEN CONNECTIONS STREAMS SECONDS [USERS]
// The bodies are files named like their methods of users.v1.UserService.
#include <arpa/inet.h>
#include <nghttp2/nghttp2.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct method {
  char path[128], body[4096];
  size_t length, digits, number;
};
struct call {
  struct method *method;
  char body[4096];
  size_t sent;
  double begin;
  int good;
};
struct connection {
  int fd;
  nghttp2_session *session;
};

static struct method reads, writes;
static const char *authority;
static long submitted, finished;
static unsigned long serial;
static int writes_of_ten, users;
static double end, total;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static void fail(const char *why) {
  fprintf(stderr, "rpc-load: %s\n", why);
  exit(1);
}

static struct method load(const char *path) {
  struct method method = {0};
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  method.length = fread(method.body, 1, sizeof method.body, file);
  fclose(file);
  snprintf(method.path, sizeof method.path, "/users.v1.UserService/%s", strrchr(path, '/') + 1);
  char *email = memmem(method.body, method.length, "ada-00000000", 12);
  method.digits = email ? email - method.body + 4 : 0;
  char *id = memmem(method.body, method.length, "-7c1e-8000-", 11);
  method.number = id ? id - method.body + 11 : 0;
  return method;
}

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *out, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *user) {
  struct call *call = source->ptr;
  size_t left = call->method->length - call->sent, size = left < room ? left : room;
  memcpy(out, call->body + call->sent, size);
  call->sent += size;
  if (size == left) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return size;
}

#define FIELD(name, value) {(uint8_t *)name, (uint8_t *)(value), strlen(name), strlen(value), 0}

static void submit(nghttp2_session *session, struct call *call) {
  call->method = submitted++ % 10 < writes_of_ten ? &writes : &reads;
  call->sent = call->good = 0;
  memcpy(call->body, call->method->body, call->method->length);
  if (call->method->digits) {
    unsigned long rest = serial++;
    for (int i = 8; i-- > 0; rest /= 36) call->body[call->method->digits + i] = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % 36];
  }
  if (users && call->method->number) {
    char digits[13];
    snprintf(digits, sizeof digits, "%012lx", 1 + random() % users);
    memcpy(call->body + call->method->number, digits, 12);
  }
  nghttp2_nv fields[] = {
      FIELD(":method", "POST"),      FIELD(":scheme", "http"),
      FIELD(":path", call->method->path), FIELD(":authority", authority),
      FIELD("te", "trailers"),       FIELD("content-type", "application/grpc"),
  };
  nghttp2_data_provider body = {.source.ptr = call, .read_callback = read_body};
  call->begin = now();
  if (nghttp2_submit_request(session, NULL, fields, 6, &body, call) < 0) fail("submitting failed");
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                     const uint8_t *value, size_t length, uint8_t flags, void *user) {
  struct call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (name_length == 11 && !memcmp(name, "grpc-status", 11)) call->good = length == 1 && *value == '0';
  return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *user) {
  struct call *call = nghttp2_session_get_stream_user_data(session, stream);
  double time = now();
  if (!call->good) fail("a call failed");
  finished++, total += time - call->begin;
  if (time < end) submit(session, call);
  else free(call);
  return 0;
}

static void flush(struct connection *connection) {
  const uint8_t *bytes;
  ssize_t size;
  while ((size = nghttp2_session_mem_send(connection->session, &bytes)) > 0)
    while (size > 0) {
      ssize_t written = write(connection->fd, bytes, size);
      if (written <= 0) fail("writing failed");
      bytes += written, size -= written;
    }
}

static struct connection connect_to(const char *host, int port, nghttp2_session_callbacks *callbacks) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &address.sin_addr);
  struct connection one = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
  if (connect(one.fd, (struct sockaddr *)&address, sizeof address)) fail("connecting failed");
  setsockopt(one.fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  nghttp2_session_client_new(&one.session, callbacks, NULL);
  nghttp2_submit_settings(one.session, 0, NULL, 0);
  nghttp2_session_set_local_window_size(one.session, 0, 0, 1 << 30);
  return one;
}

int main(int count, char **arguments) {
  if (count != 8 && count != 9) return 64;
  authority = arguments[1];
  reads = load(arguments[2]), writes = load(arguments[3]);
  writes_of_ten = atoi(arguments[4]), users = count == 9 ? atoi(arguments[8]) : 0;
  int connections = atoi(arguments[5]), streams = atoi(arguments[6]);
  char host[64] = {0};
  int port;
  if (sscanf(authority, "%63[^:]:%d", host, &port) != 2) return 64;
  struct timespec real;
  clock_gettime(CLOCK_REALTIME, &real);
  serial = real.tv_sec * 1000000 + real.tv_nsec / 1000;  // no other run makes the same emails

  nghttp2_session_callbacks *callbacks;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  struct connection all[connections];
  struct pollfd polls[connections];
  double begin = now();
  end = begin + atof(arguments[7]);
  for (int i = 0; i < connections; i++) {
    all[i] = connect_to(host, port, callbacks);
    polls[i] = (struct pollfd){.fd = all[i].fd, .events = POLLIN};
    for (int k = 0; k < streams; k++) submit(all[i].session, calloc(1, sizeof(struct call)));
    flush(&all[i]);
  }
  while (finished < submitted) {
    if (poll(polls, connections, 10000) <= 0) fail("no answer for ten seconds");
    for (int i = 0; i < connections; i++) {
      if (!polls[i].revents) continue;
      static uint8_t bytes[65536];
      ssize_t size = read(all[i].fd, bytes, sizeof bytes);
      if (size <= 0 || nghttp2_session_mem_recv(all[i].session, bytes, size) < 0) fail("reading failed");
      flush(&all[i]);
    }
  }
  printf("%f %f\n", finished / (now() - begin), total / finished);
}
