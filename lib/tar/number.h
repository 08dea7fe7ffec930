/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in the headers of a tar, by the rules of Go's archive/tar (strconv.go). All functions
 * are pure and return false where the bytes are not a number, or one that 64 bits do not hold. */
#ifndef LI_TAR_NUMBER_H
#define LI_TAR_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A header's field of LEN bytes, at least 1: base 256 where the first bit is set, two's complement
 * without that bit; octal otherwise. */
bool li_tar_number(const uint8_t *field, size_t len, int64_t *out);

/* Octal digits, with blanks and NULs before and behind them that mean nothing; what follows a NUL
 * between digits does not count. A field without digits is 0. */
bool li_tar_octal(const uint8_t *field, size_t len, int64_t *out);

/* Decimal digits of a PAX record, with a sign or without. */
bool li_tar_decimal(const char *text, size_t len, int64_t *out);

/* Seconds of a PAX record, with a sign and a fraction or without: rounded down to *SECONDS, with
 * nanoseconds on top, digits beyond which are cut off. */
bool li_tar_time(const char *text, size_t len, int64_t *seconds, uint32_t *nanoseconds);

#endif
