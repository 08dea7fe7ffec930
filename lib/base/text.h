/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside. All functions are safe in any thread. */
#ifndef LI_BASE_TEXT_H
#define LI_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length, 1 to 4, of the UTF-8 character (RFC 3629) at the start of the LEN bytes at TEXT;
 * *point becomes its code point. 0 if there is no valid character: surrogates, overlong forms and
 * characters that are cut short are not valid. */
size_t li_text_character(const void *text, size_t len, uint32_t *point);

/* Whether POINT is a control character: one of ASCII's, DEL, or U+0080 to U+009F, which control
 * some terminals too. */
bool li_text_is_control(uint32_t point);

/* The length, 1 to 4, of the UTF-8 character at the start of TEXT, if a terminal shows it as it is.
 * 0 at the end, for control characters, and for characters that are invisible or move other text:
 * marks of writing direction, joiners, line separators and the like. */
size_t li_text_visible(const char *text);

/* Makes TEXT, which comes from outside, safe for a terminal, in place. Each byte that is not part
 * of a visible character becomes '?'; so do the bytes of a character that was cut in its middle. */
void li_text_show(char *text);

/* The ending of a noun after COUNT: "s", or "" for 1. */
const char *li_text_s(uint64_t count);

#endif
