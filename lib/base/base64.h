/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 of RFC 4648, section 4, as services and programs put bytes into JSON. */
#ifndef LI_BASE_BASE64_H
#define LI_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Characters of LEN bytes, without a NUL. */
#define LI_BASE64_LENGTH(len) (((len) + 2) / 3 * 4)

/* Writes LI_BASE64_LENGTH(LEN) characters and a NUL to TEXT. */
void li_base64_encode(const uint8_t *bytes, size_t len, char *text);

/* Reads the LEN characters of TEXT into BYTES, which has room for SIZE, and sets *OUT_LEN. Nothing
 * but the one encoding of the bytes is accepted: padding is there, nothing stands between the
 * characters, and unused bits are zero. Returns 0; LI_EINVALID; or LI_ELIMIT if there are more than
 * SIZE bytes. It fills in no error, because only the caller knows what the text was. */
int li_base64_decode(const char *text, size_t len, uint8_t *bytes, size_t size, size_t *out_len);

#endif
