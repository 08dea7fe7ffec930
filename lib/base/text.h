/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that come from outside. All functions are safe in any thread. */
#ifndef LI_BASE_TEXT_H
#define LI_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the UTF-8 character (RFC 3629) that the LEN bytes at TEXT begin with, 1 to 4, and in
 * *point which one it is. 0 where they begin with none: surrogates, forms that are too long, and
 * characters that are cut short are none. */
size_t li_text_character(const void *text, size_t len, uint32_t *point);

/* Whether POINT is a control character: those of ASCII, DEL, and U+0080 to U+009F, by which some
 * terminals can be steered as well. */
bool li_text_is_control(uint32_t point);

/* Bytes of the character that TEXT begins with, 1 to 4, where it is UTF-8 that a terminal shows as
 * it stands. 0 at the end, and for control characters and what is invisible or moves other text:
 * marks of the direction of writing, joiners, separators of lines, and the like. */
size_t li_text_visible(const char *text);

/* Makes TEXT, which comes from outside, fit for a terminal, in place: each byte of what is not
 * visible becomes '?', so that a character that was cut in its middle is shown so too. */
void li_text_show(char *text);

/* What makes a word after COUNT a plural: "s", or "" for 1. */
const char *li_text_s(uint64_t count);

#endif
