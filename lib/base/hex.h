/* SPDX-License-Identifier: Apache-2.0 */
/* Lower-case hexadecimal, the only form in which lambdaimg writes digests, names and ids. */
#ifndef LI_BASE_HEX_H
#define LI_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Writes 2 * LEN digits and a NUL to TEXT. */
void li_hex_encode(const uint8_t *bytes, size_t len, char *text);

/* Reads exactly 2 * LEN lower-case digits followed by NUL. Returns 0, or LI_EINVALID with BYTES
 * undefined. It fills in no error, because only the caller knows what the text was. */
int li_hex_decode(const char *text, uint8_t *bytes, size_t len);

#endif
