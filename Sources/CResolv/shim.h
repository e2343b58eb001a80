#pragma once
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <string.h>

/// Asks the system's name servers for the TXT records of a name, and blocks meanwhile. No search list is used.
/// `server` and `port` (network order), if not 0, are asked in place of the system's.
/// Returns the length of the answer, which may be larger than the capacity; 0 if there are no such records; -1 - h_errno
/// if nobody could say.
static inline int cresolv_query_txt(
    const char *_Nonnull name, unsigned char *_Nonnull answer, int capacity, in_addr_t server, in_port_t port) {
  struct __res_state state;
  memset(&state, 0, sizeof(state));
  if (res_ninit(&state) != 0) return -1 - NO_RECOVERY;
  if (server != 0) {
    state.nscount = 1;
    state.nsaddr_list[0].sin_family = AF_INET;
    state.nsaddr_list[0].sin_addr.s_addr = server;
    state.nsaddr_list[0].sin_port = port;
  }
  int length = res_nquery(&state, name, ns_c_in, ns_t_txt, answer, capacity);
  int error = state.res_h_errno;
  res_nclose(&state);
  if (length >= 0) return length;
  return error == HOST_NOT_FOUND || error == NO_DATA ? 0 : -1 - error;
}
