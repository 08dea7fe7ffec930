/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tars of randomtar, block by block. Nothing is checked: headers that no writer would make are
 * wanted too. Random choices come from randomline.h.
 */
#ifndef LI_TESTS_TARMAKE_H
#define LI_TESTS_TARMAKE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum { TAR_BLOCK = 512 };

enum tar_magic { TAR_V7, TAR_USTAR, TAR_GNU, TAR_STAR };

/* How a number is written in its field. */
enum tar_digits {
    TAR_OCTAL,        /* zeros in front, NUL behind */
    TAR_OCTAL_SPACE,  /* zeros in front, a space behind */
    TAR_OCTAL_FULL,   /* no terminator */
    TAR_BLANKS_FIRST, /* blanks in front */
    TAR_NULS_FIRST,   /* NULs in front, as AIX writes it */
    TAR_BASE_256,
    TAR_DIGITS_SANE, /* of which others are odd */
    TAR_EMPTY = TAR_DIGITS_SANE,
    TAR_LETTERS,     /* "xxxxxxx" */
    TAR_JUNK_BEHIND, /* digits, NUL, letters */
    TAR_MINUS,
    TAR_DIGITS_ALL,
};

struct tar_header {
    char name[101], prefix[156], target[101]; /* NUL-terminated; of full length they have none */
    int64_t mode, uid, gid, size, mtime, major, minor;
    char type;
    enum tar_magic magic;
    enum tar_digits digits; /* of all numbers but the size; one that does not fit is base 256 */
    enum tar_digits size_digits;
};

/* Writes VALUE to a field of LEN bytes. */
void tar_number(uint8_t *field, size_t len, int64_t value, enum tar_digits digits);

/* Gives a header the checksum that it should have. */
void tar_checksum(uint8_t *header);

void tar_append(struct li_buffer *tar, const void *data, size_t len);
void tar_pad(struct li_buffer *tar);

/* Appends a header, and returns where it begins. */
size_t tar_put_header(struct li_buffer *tar, const struct tar_header *header);

/* A PAX record, "LENGTH KEY=VALUE\n". */
void tar_record(struct li_buffer *records, const char *key, const void *value, size_t len);
void tar_record_text(struct li_buffer *records, const char *key, const char *value);

/* An entry of TYPE x, g, L or K. */
void tar_put_special(struct li_buffer *tar, char type, const void *data, size_t len);

/* LEN bytes of contents, with padding. They look nothing like a header. */
void tar_put_contents(struct li_buffer *tar, size_t len);

/* tarmutate.c: changes what is most likely to matter to a reader, COUNT times. */
void tar_mutate(struct li_buffer *tar, unsigned count);

#endif
