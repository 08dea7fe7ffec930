/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds an image's files: a tar that is read in place, or a directory. The formats (docker.c,
 * oci.c) know files by name only and do not see which of the two it is.
 *
 * Names are relative, parts joined by single '/', without "." and ".."; the root is "". A container
 * reports links as they are. li_image_find() follows them, in one place for both kinds, and never
 * out of the container. All names and link targets come from the image, so they are hostile.
 *
 * A container belongs to one thread. Any thread may use pread() on the descriptors it gives.
 */
#ifndef LI_IMAGE_CONTAINER_H
#define LI_IMAGE_CONTAINER_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum {
    LI_IMAGE_MAX_NAME = 1024, /* bytes of a name or of a link's target, with its NUL */
    /* Bytes of all names in an archive: so many, and more for each member. */
    LI_IMAGE_MAX_NAMES_TOTAL = 1 << 24,
    LI_IMAGE_MEMBER_NAMES = 80,
    LI_IMAGE_MAX_LINKS = 16, /* links followed for one name */
};

enum li_image_kind {
    LI_IMAGE_ABSENT,
    LI_IMAGE_FILE,
    LI_IMAGE_DIRECTORY, /* or anything else that is not a file and not a link that can be followed;
                           an archive need not list its directories, so they may be absent */
    LI_IMAGE_SYMLINK,   /* the target is relative to the link's directory */
    LI_IMAGE_HARDLINK,  /* the target is relative to the root; in archives only */
};

/* Where a file's bytes lie. */
struct li_image_extent {
    int fd;
    uint64_t offset;
    uint64_t length;
    int owned; /* FD if it was opened for this extent, or -1 if it is the container's */
};

struct li_image_container {
    /* What NAME is, without following a link. The target of a link goes to TARGET, which has
     * LI_IMAGE_MAX_NAME bytes. */
    int (*look)(struct li_image_container *self, const char *name, enum li_image_kind *kind,
                char *target, struct li_error *err);
    /* Opens the file NAME, which look() has called a file. */
    int (*open)(struct li_image_container *self, const char *name, struct li_image_extent *out,
                struct li_error *err);
    /* Whether this looks like a root file system and not an image; for an error text. */
    int (*has_root_files)(struct li_image_container *self);
    /* Frees what look() and open() need. The descriptors that open() gave stay; after it only
     * free() may be called. */
    void (*forget)(struct li_image_container *self);
    void (*free)(struct li_image_container *self);
};

/* Indexes the tar in FD, which the container then owns, also on failure. LI_END if it is not a tar
 * at all, LI_ECORRUPT if it is cut short or damaged. */
int li_image_archive_open(int fd, struct li_image_container **out, struct li_error *err);

/* Takes ownership of the directory FD, also on failure. */
int li_image_directory_open(int fd, struct li_image_container **out, struct li_error *err);

/* NAME without leading slashes. Engines unpack an archive into a directory, and treat all names in
 * it, rooted ones too, as names below that directory. */
const char *li_image_relative(const char *name);

/* Puts BASE/NAME in its plain form into OUT, which has LI_IMAGE_MAX_NAME bytes. LI_ECORRUPT if NAME
 * is absolute or leads out of the root. */
int li_image_name(const char *base, const char *name, char *out, struct li_error *err);

/* Opens the file NAME, which may be rooted, following links. LI_END if it does not exist, or is a
 * link that leads to nothing. LI_ECORRUPT if it is not a file, or its links form a loop or lead out
 * of the container. Close the extent with li_image_close(). */
int li_image_find(struct li_image_container *c, const char *name, struct li_image_extent *out,
                  struct li_error *err);

/* Closes the descriptor if the extent owns it. */
void li_image_close(struct li_image_extent *extent);

/* Appends the whole file NAME to OUT; LI_ELIMIT if it is over LIMIT bytes. Otherwise returns as
 * li_image_find() does. */
int li_image_read(struct li_image_container *c, const char *name, size_t limit,
                  struct li_buffer *out, struct li_error *err);

#endif
