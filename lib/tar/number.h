/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in the headers of a tar, by the rules of Go's archive/tar (strconv.go). All functions are
 * pure. They return false if the bytes are not a number, or if it does not fit in 64 bits. */
#ifndef LI_TAR_NUMBER_H
#define LI_TAR_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A header's field of LEN bytes, at least 1. If the first bit is set: base 256, in two's complement
 * without that bit. Otherwise octal. */
bool li_tar_number(const uint8_t *field, size_t len, int64_t *out);

/* Octal digits. Blanks and NULs before and after them are ignored, and so is everything after a NUL
 * between digits. A field without digits is 0. */
bool li_tar_octal(const uint8_t *field, size_t len, int64_t *out);

/* Decimal digits of a PAX record, with an optional sign. */
bool li_tar_decimal(const char *text, size_t len, int64_t *out);

/* Seconds of a PAX record, with an optional sign and fraction: rounded down to *SECONDS, plus
 * nanoseconds; further digits are cut off. */
bool li_tar_time(const char *text, size_t len, int64_t *seconds, uint32_t *nanoseconds);

#endif
