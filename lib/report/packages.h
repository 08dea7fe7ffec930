/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packages the new bytes of an image belong to, by what the image's own databases say:
 * dpkg's (distroless images included), RPM's, apk's, Python's and npm's.
 *
 * The databases are parts of the image, so whoever made it can write anything into them. One that
 * cannot be read is a note, and never a failure: its files then belong to no package.
 */
#ifndef LI_REPORT_PACKAGES_H
#define LI_REPORT_PACKAGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "report/report.h"

enum {
    LI_PACKAGES_TOLD = 1000,          /* packages that are told */
    LI_PACKAGES_MAX = 1 << 17,        /* packages of an image */
    LI_PACKAGES_NAME_MAX = 255,       /* bytes of a name or a version */
    LI_PACKAGES_FILE_MAX = 128 << 20, /* bytes of one file of a database */
    LI_PACKAGES_READ_MAX = 512 << 20, /* bytes of all files that are read */
    LI_PACKAGES_STEPS_MAX = 1 << 25,  /* paths that are looked up, and their directories */
    LI_PACKAGES_NOTES_MAX = 20,       /* notes that are kept */
};

enum li_package_kind {
    LI_PACKAGE_DEBIAN,
    LI_PACKAGE_RPM,
    LI_PACKAGE_ALPINE,
    LI_PACKAGE_PYTHON,
    LI_PACKAGE_NPM,
    LI_PACKAGE_KINDS
};

struct li_package {
    enum li_package_kind kind;
    char *name;                 /* any bytes but NUL */
    char *version;              /* the same; "" if it is not stated */
    uint64_t files;             /* with a part of a new chunk */
    struct li_report_sum fresh; /* new chunks that it has a part of, and its part of their bytes */
};

/* The bytes of all packages, of PACKAGES_LEFT_OUT and of NONE are those of all new chunks of files.
 */
struct li_packages {
    struct li_package *package; /* with a part of a new chunk, those with the most bytes first */
    size_t packages;
    uint64_t packages_left_out, packages_left_out_bytes;
    uint64_t none_files;       /* files with a part of a new chunk that belong to no package, */
    struct li_report_sum none; /* and their part */
    char **note;               /* what could not be read, and why; any bytes but NUL */
    size_t notes;
    uint64_t notes_left_out;
};

/* "debian" and so on. */
const char *li_package_kind_name(enum li_package_kind kind);

void li_packages_free(struct li_packages *packages); /* NULL and zeros are allowed */

#endif
