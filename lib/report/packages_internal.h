/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that read databases of packages. */
#ifndef LI_REPORT_PACKAGES_INTERNAL_H
#define LI_REPORT_PACKAGES_INTERNAL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "layer/tree.h"
#include "report/blame_internal.h"
#include "report/packages.h"

/* ---- packages_parse.c: bytes of a database, without the image ---------------------------------
 */

/* Bytes within an input; not NUL-terminated. */
struct li_slice {
    const char *data;
    size_t len;
};

/* Where a parser says what it finds. A failure of either ends the parser, which returns it. */
struct li_package_sink {
    /* The package whose files follow. VERSION may be empty. */
    int (*package)(void *arg, struct li_slice name, struct li_slice version, struct li_error *err);
    /* A path of that package. Any bytes; also of directories and of files that are not there. */
    int (*file)(void *arg, struct li_slice path, struct li_error *err);
    void *arg;
};

/* Each parser gets the LEN bytes at DATA, which may be anything. LI_ECORRUPT if they are not a
 * database of its kind; LI_ELIMIT; LI_ENOMEM; and what the sink returns. */

/* dpkg's status: a package for each stanza with the field KEY and, if there is one, "Version". The
 * sink's package is called; its file is not. A NAME gets ":ARCH" if the stanza has "Multi-Arch:
 * same", as dpkg's files have it. */
int li_package_parse_status(const void *data, size_t len, const struct li_package_sink *sink,
                            struct li_error *err);

/* A file of dpkg's info/: a path on each line. Only file is called. */
int li_package_parse_list(const void *data, size_t len, const struct li_package_sink *sink,
                          struct li_error *err);

/* A file of distroless's status.d/: a digest, two blanks and a path without a slash on each line.
 * Only file is called. */
int li_package_parse_sums(const void *data, size_t len, const struct li_package_sink *sink,
                          struct li_error *err);

/* apk's installed. */
int li_package_parse_apk(const void *data, size_t len, const struct li_package_sink *sink,
                         struct li_error *err);

/* A METADATA of Python: "Name" and "Version" before the first empty line. Only package is called,
 * once. */
int li_package_parse_metadata(const void *data, size_t len, const struct li_package_sink *sink,
                              struct li_error *err);

/* A RECORD of Python: lines of CSV whose first field is a path. Only file is called. */
int li_package_parse_record(const void *data, size_t len, const struct li_package_sink *sink,
                            struct li_error *err);

/* packages_json.c: a package.json of npm. Only package is called, once. */
int li_package_parse_npm(const void *data, size_t len, const struct li_package_sink *sink,
                         struct li_error *err);

/* packages_rpm.c: rpmdb.sqlite, two bytes of which are changed; and one header in it. */
int li_package_parse_rpmdb(void *data, size_t len, const struct li_package_sink *sink,
                           struct li_error *err);
int li_package_parse_rpm(const void *data, size_t len, const struct li_package_sink *sink,
                         struct li_error *err);

/* ---- packages_kept.c: files that the memo keeps -----------------------------------------------
 */

struct li_package_kept;

/* LAYERS and MEMO are borrowed. LI_ENOMEM. */
int li_package_kept_new(struct li_layers *layers, struct li_memo *memo,
                        struct li_package_kept **out, struct li_error *err);
void li_package_kept_free(struct li_package_kept *kept); /* NULL is allowed */

/* Copies the contents of the regular file INODE to TO, inode->size bytes, if they are kept.
 * LI_ENOMEM.
 */
int li_package_kept_find(struct li_package_kept *kept, const struct li_inode *inode, uint8_t *to,
                         bool *found, struct li_error *err);

/* Remembers the contents, which were read from the layer, until they are saved. LI_ENOMEM. */
int li_package_kept_add(struct li_package_kept *kept, const struct li_inode *inode,
                        const uint8_t *bytes, struct li_error *err);

/* Writes what was added, once the layers are known to be what they state. A memo that cannot be
 * written costs time only. Errors: those of li_layers_verified(); LI_ENOMEM. */
int li_package_kept_save(struct li_package_kept *kept, struct li_error *err);

/* ---- packages_files.c: the image's files ------------------------------------------------------
 */

struct li_package_files;

/* TREE is borrowed, and so is KEPT, which may be NULL. LI_ENOMEM. */
int li_package_files_new(const struct li_tree *tree, struct li_package_kept *kept,
                         struct li_package_files **out, struct li_error *err);
void li_package_files_free(struct li_package_files *files); /* NULL is allowed */

/* The node of PATH below the directory node FROM, or from the root if it begins with a slash;
 * LI_TREE_NONE if there is none. Symbolic links to directories are followed. */
uint32_t li_package_files_find(struct li_package_files *files, uint32_t from, struct li_slice path);

/* The children of the directory NODE, sorted by name. */
const uint32_t *li_package_files_children(const struct li_package_files *files, uint32_t node,
                                          size_t *count);

/* The child NAME of NODE, or LI_TREE_NONE. */
uint32_t li_package_files_child(const struct li_package_files *files, uint32_t node,
                                struct li_slice name);

/* Replaces OUT by the contents of NODE. *WHY is NULL, or says why it is not read: it is not a
 * regular file, or over a limit. Fails as a read of the layers does. */
int li_package_files_read(struct li_package_files *files, uint32_t node, struct li_buffer *out,
                          const char **why, struct li_error *err);

/* Whether paths are no longer looked up, because there were too many. */
bool li_package_files_exhausted(const struct li_package_files *files);

/* ---- packages.c: what has been found ----------------------------------------------------------
 */

struct li_packaging {
    const struct li_tree *tree;
    const struct li_blame_part *part; /* by inode */
    struct li_package_files *files;
    struct li_packages *out; /* its packages are all that were found, until they are summed up */
    size_t cap;
    uint32_t *owner;           /* by inode: the number of its package and 1, or 0 */
    enum li_package_kind kind; /* of the database that is being read */
    uint32_t base;             /* node that relative paths begin at */
    uint32_t current;          /* the number of the last package and 1; 0: none */
    bool failed;               /* a file could not be read from its layer, which is not a note */
};

/* The sink that gives files to packages. The first package that names a file owns it. */
struct li_package_sink li_packaging_sink(struct li_packaging *p);

/* Gives the inode of NODE to the current package, if nobody owns it. */
void li_packaging_claim(struct li_packaging *p, uint32_t node);

/* Reads NODE and has PARSE parse it. What cannot be read or parsed becomes a note. Fails if memory
 * runs out, or as a read of the layers does. */
typedef int li_package_parser(const void *data, size_t len, const struct li_package_sink *sink,
                              struct li_error *err);
int li_packaging_parse(struct li_packaging *p, uint32_t node, li_package_parser *parse,
                       const struct li_package_sink *sink, struct li_error *err);

/* The end of that: turns RC, what a parser of NODE returned, into a note, unless memory ran out or
 * the parser's sink failed to read a layer. */
int li_packaging_settle(struct li_packaging *p, uint32_t node, int rc, struct li_error *err);

/* The node of PATH, which ends with a NUL, from the root; LI_TREE_NONE. */
uint32_t li_packaging_find(struct li_packaging *p, const char *path);

/* Notes WHY about NODE. LI_ENOMEM. */
int li_packaging_note(struct li_packaging *p, uint32_t node, const char *why, struct li_error *err);

/* The readers. Each looks for its databases, which need not be there. Errors: see
 * li_packaging_parse(). */
int li_packaging_debian(struct li_packaging *p, struct li_error *err);
int li_packaging_rpm(struct li_packaging *p, struct li_error *err);
int li_packaging_alpine(struct li_packaging *p, struct li_error *err);
int li_packaging_python(struct li_packaging *p, struct li_error *err);
int li_packaging_npm(struct li_packaging *p, struct li_error *err);

#endif
