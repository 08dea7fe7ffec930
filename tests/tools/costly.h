/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images that cost as much as they can for what they weigh. A kind takes one thing to a limit; an
 * image has one kind or two. What is random comes from randomline.h, so that a seed always gives
 * the same image.
 */
#ifndef LI_TESTS_COSTLY_H
#define LI_TESTS_COSTLY_H

#include <stdbool.h>

#include "tests/tools/tarmake.h"

enum {
    COSTLY_LAYERS = 4096, /* as many as an image may have */
    COSTLY_DOCUMENT = 8 << 20,
    COSTLY_VALUES = 130000, /* a little below the limit of a document */
    COSTLY_PATH = 4095,
    COSTLY_NAME = 255,
    COSTLY_SPECIAL = 1 << 20,
};

struct costly {
    struct li_buffer lower, upper; /* two layers, without their ends */
    uint64_t entries;              /* of both, and directories that only paths lead through */
    size_t room;                   /* bytes that a kind may add to a layer */
    unsigned part;                 /* which kind it is: its paths begin with "kPART" */
    /* What the documents of the image have beside what they need. */
    unsigned uppers;       /* how often the upper layer is named, at least once */
    unsigned names;        /* images in manifest.json, or 0 for one */
    unsigned indexes;      /* indexes within indexes of an OCI layout */
    unsigned members;      /* files that no document names */
    struct li_buffer more; /* members of a JSON object, each with a comma in front */
    bool member_acls;      /* they have ACLs as long as a header */
    bool oci;
};

struct costly_kind {
    const char *name;
    void (*make)(struct costly *c);
};

/* The last of each has no name. */
extern const struct costly_kind costly_documents[], costly_paths[], costly_records[],
    costly_sparse[];

/* costly_put.c: entries of a layer. PATH and TARGET are of any length below COSTLY_SPECIAL, and
 * RECORDS, which may be NULL, are the entry's other PAX records. */
struct costly_entry {
    const char *path, *target; /* TARGET: NULL for none */
    char type;                 /* of the tar format */
    const struct li_buffer *records;
};

void costly_put(struct costly *c, struct li_buffer *layer, const struct costly_entry *entry);

/* A file, a directory and a symbolic link at "kPART/" and the text of a format. */
void costly_file(struct costly *c, struct li_buffer *layer, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void costly_directory(struct costly *c, struct li_buffer *layer, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void costly_link(struct costly *c, struct li_buffer *layer, const char *target, const char *fmt,
                 ...) __attribute__((format(printf, 4, 5)));

/* Whether LAYER has room for more of this kind. */
bool costly_room(const struct costly *c, const struct li_buffer *layer);

/* An ACL of COUNT rules besides the usual ones, for ids from FIRST on, with BETWEEN before each. */
void costly_acl(struct li_buffer *records, unsigned first, unsigned count, const char *between);

void costly_text(struct li_buffer *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* costly_image.c: writes the image to PATH, with layers compressed by chance. Returns the bytes of
 * all that is in it, uncompressed. */
uint64_t costly_write(struct costly *c, const char *path);

#endif
