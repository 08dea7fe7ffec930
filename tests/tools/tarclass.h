/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where lib/tar may differ from another reader: the classes of differences, each with its reason
 * and with a rule that looks at the bytes of the tar. A difference that is of no class is a fault.
 */
#ifndef LI_TESTS_TARCLASS_H
#define LI_TESTS_TARCLASS_H

#include "tests/tools/tarfacts.h"
#include "tests/tools/taritem.h"

/* What the lines of two entries may differ in. */
enum {
    TAR_TYPE = 1 << 0,
    TAR_PATH = 1 << 1,
    TAR_MODE = 1 << 2,
    TAR_UID = 1 << 3,
    TAR_GID = 1 << 4,
    TAR_MTIME = 1 << 5,
    TAR_TARGET = 1 << 6,
    TAR_DEVICE = 1 << 7,
    TAR_CONTENTS = 1 << 8, /* or their size */
    TAR_ATTRIBUTES = 1 << 9,
    TAR_ALL = (1 << 10) - 1,
};

/* At one place in the two lists. Where a list has an item there, its error is NULL. */
struct tar_difference {
    const uint8_t *tar;
    size_t len;
    const struct tar_item *own, *other, *before; /* NULL: none; before is of lib/tar's list */
    const char *own_error, *other_error;         /* the list ends here by a failure */
    bool other_fails;       /* the other list ends behind this item, by a failure */
    struct tar_facts facts; /* of lib/tar's entry; where it has none, of what is behind its last */
    struct tar_facts gap;   /* of what is behind lib/tar's last entry */
};

struct tar_class {
    const char *name;
    bool stop; /* what is behind such an entry says nothing */
    bool skip; /* the other reader's item is one that lib/tar does not have */
    /* One of the two: whether the difference is of the class, or what of a difference of two
     * entries it explains; of what is not explained by one class another may explain the rest. */
    bool (*is)(const struct tar_difference *d);
    unsigned (*explains)(const struct tar_difference *d);
    const char *why;
};

/* Those of Go's archive/tar and of libarchive; the last has no name. */
extern const struct tar_class tar_classes_go[], tar_classes_libarchive[];

/* Told of each difference and of a class that explains it, or a part of it; CLASS is NULL where
 * there is none for the whole of it. */
typedef void tar_differ(void *arg, const struct tar_class *class, const struct tar_difference *d);

/* Compares what lib/tar sees with what another reader sees in LEN bytes of TAR; its classes are
 * CLASSES. Returns whether there is no difference. */
bool tar_compare(const uint8_t *tar, size_t len, const struct tar_list *own,
                 const struct tar_list *other, const struct tar_class *classes, tar_differ *differ,
                 void *arg);

#endif
