/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw headers of one entry, for the rules on which readers may differ. This is no fourth
 * reader: it knows enough of the format to find the headers, and says nothing of what they mean.
 */
#ifndef LI_TESTS_TARFACTS_H
#define LI_TESTS_TARFACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tar_facts {
    const uint8_t *header;  /* the entry's own, 512 bytes; NULL: there is none */
    uint64_t end;           /* behind it, or where one was expected */
    unsigned specials;      /* headers before it */
    unsigned records_count; /* of them have PAX records */
    bool label;             /* one is a volume's label */
    bool long_last;         /* one with a long name is behind one with records */
    bool lost;              /* one is before a global header, and so means nothing to Go */
    bool odd_special;       /* one has a size that is not plain octal, or a name that is empty */
    const char *records;    /* of the last of those with records */
    size_t records_length;
    const char *first_records; /* of the first */
    size_t first_records_length;
};

/* The headers that begin at AT. */
void tar_facts_read(const uint8_t *tar, size_t len, uint64_t at, struct tar_facts *out);

/* The number in a field; false where it is not plain octal: digits with blanks before and blanks or
 * NULs behind, or nothing at all. */
bool tar_facts_octal(const uint8_t *header, size_t at, size_t len, uint64_t *out);

/* Whether there is a record whose KEY=VALUE begins with START, or is START where that ends with the
 * newline behind the value. */
bool tar_facts_has(const struct tar_facts *facts, const char *start);

/* Whether VALUE is the last of the header's records that have KEY. */
bool tar_facts_is(const struct tar_facts *facts, const char *key, const char *value);

#endif
