/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that come from outside and are shown to people. */
#ifndef LI_BASE_TEXT_H
#define LI_BASE_TEXT_H

#include <stddef.h>

/* Bytes of the character that TEXT begins with, 1 to 4, where it is UTF-8 and no control character:
 * those of ASCII, DEL, and U+0080 to U+009F, by which some terminals can be steered as well. 0
 * where it is not, and at the end. */
size_t li_text_visible(const char *text);

#endif
