/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where lib/tar may differ from another reader: the classes of differences, each with the reason
 * and with a rule that looks at the bytes of the tar. A difference that is of no class is a fault.
 */
#ifndef LI_TESTS_TARCLASS_H
#define LI_TESTS_TARCLASS_H

#include "tests/tools/tarfacts.h"
#include "tests/tools/taritem.h"

enum tar_reader { TAR_GO, TAR_LIBARCHIVE };

/* At one place in the two lists. Where a list has an item there, its error is NULL. */
struct tar_difference {
    const uint8_t *tar;
    size_t len;
    const struct tar_item *own, *other, *before; /* NULL: none; before is of lib/tar's list */
    const char *own_error, *other_error;         /* the list ends here by a failure */
    bool other_ends, other_fails;                /* the other list ends behind this item */
    struct tar_facts facts;                      /* of lib/tar's entry, or of what it refused */
};

struct tar_class {
    const char *name;
    enum tar_reader reader;
    enum tar_then {
        TAR_STOP, /* the rest of the lists says nothing */
        TAR_BOTH, /* each has one item */
        TAR_SKIP, /* the other reader has one item more */
    } then;
    bool (*is)(const struct tar_difference *d);
    const char *why;
};

/* All classes; the last has no name. */
extern const struct tar_class tar_classes[];

/* Told of each difference; CLASS is NULL where it is of none. */
typedef void tar_differ(void *arg, const struct tar_class *class, const struct tar_difference *d);

/* Compares what lib/tar sees with what READER sees of the LEN bytes of TAR. Returns whether there
 * is no difference. */
bool tar_compare(const uint8_t *tar, size_t len, const struct tar_list *own,
                 const struct tar_list *other, enum tar_reader reader, tar_differ *differ,
                 void *arg);

#endif
