#pragma once
#include <unicase.h>
#include <uninorm.h>
#include <unictype.h>

/// NFC(toCasefold(NFD(text))), without a locale. The caller frees what it gets; NULL if there is no memory or the text is no UTF-8.
static inline uint8_t *_Nullable cunistring_fold(
    const uint8_t *_Nonnull text, size_t count, size_t *_Nonnull folded_count) {
  return u8_casefold(text, count, NULL, UNINORM_NFC, NULL, folded_count);
}

/// Whether the library's version of Unicode has a character there.
static inline bool cunistring_is_assigned(uint32_t scalar) { return !uc_is_property_unassigned_code_value(scalar); }
