#pragma once
// nghttp2 1.52 (Debian 12) has the names without a `2` at their end only; what differs between versions is kept here.
#include <nghttp2/nghttp2.h>

/// The frame's parts that Swift would have to reach through a union for.
static inline uint8_t cnghttp2_type(const nghttp2_frame *_Nonnull frame) { return frame->hd.type; }
static inline uint8_t cnghttp2_flags(const nghttp2_frame *_Nonnull frame) { return frame->hd.flags; }
static inline int32_t cnghttp2_stream_id(const nghttp2_frame *_Nonnull frame) { return frame->hd.stream_id; }
static inline int cnghttp2_is_request(const nghttp2_frame *_Nonnull frame) {
  return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}
/// Whether a RST_STREAM frame says that the peer did something wrong (RFC 9113, section 7). Those that a server sends of its own
/// accord are NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM and CANCEL.
static inline int cnghttp2_is_fault(const nghttp2_frame *_Nonnull frame) {
  uint32_t code = frame->rst_stream.error_code;
  return code != NGHTTP2_NO_ERROR && code != NGHTTP2_INTERNAL_ERROR && code != NGHTTP2_REFUSED_STREAM &&
         code != NGHTTP2_CANCEL;
}
/// Whether a GOAWAY frame names a last stream: after it nghttp2 ignores new ones. The first of two names none.
static inline int cnghttp2_refuses_streams(const nghttp2_frame *_Nonnull frame) {
  return frame->goaway.last_stream_id != INT32_MAX;
}
/// What a GOAWAY frame says.
static inline int32_t cnghttp2_last_stream_id(const nghttp2_frame *_Nonnull frame) { return frame->goaway.last_stream_id; }
static inline uint32_t cnghttp2_goaway_code(const nghttp2_frame *_Nonnull frame) { return frame->goaway.error_code; }
static inline const uint8_t *_Nullable cnghttp2_debug_data(const nghttp2_frame *_Nonnull frame) {
  return frame->goaway.opaque_data;
}
static inline size_t cnghttp2_debug_data_count(const nghttp2_frame *_Nonnull frame) { return frame->goaway.opaque_data_len; }
