/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: a layer's entries, the tree they make, and the comparison.
 */
#ifndef LI_COMPARE_INTERNAL_H
#define LI_COMPARE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/compare.h"
#include "layer/account.h"

struct archive_entry;

enum {
    LI_COMPARE_PATH_MAX = 1 << 20, /* bytes of an entry's path */
    LI_COMPARE_PATH = 200,         /* bytes of a path that are not charged; each entry has them */
    LI_COMPARE_LINKS_MAX = 40,     /* symbolic links followed in one path */
    LI_COMPARE_ROUTE_LINK = 2,     /* besides LI_END: a link is in the way */
};

/* An extended attribute, in a list sorted by name. */
struct li_attribute {
    struct li_attribute *next;
    struct li_attribute *other; /* another value that may be meant, without a name; or NULL */
    char *name;
    uint8_t *value;
    size_t size;
    bool unsure; /* libarchive cannot tell the value */
};

/* What an entry of a layer says about a file. */
struct li_facts {
    uint64_t size;
    uint64_t number; /* the entry's position in its layer, for its contents */
    int64_t mtime;
    uint32_t mtime_nsec;
    uint32_t mode; /* type and permissions */
    /* The mode's last nine bits come from an ACL that is not kept: libarchive puts each ACL's bits
     * there, and hides what the tar has. */
    bool mode_unsure;
    uint32_t uid;
    uint32_t gid;
    uint32_t major;
    uint32_t minor;
    uint32_t layer;
    char *target;                    /* of a symbolic link */
    struct li_attribute *attributes; /* one of the comparison's lists, which others have, too */
};

/* A file of any type, with one name or many. */
struct li_object {
    struct li_facts facts;
    uint32_t names;
    uint32_t ino;   /* the stored inode that it matches, or 0 */
    void *children; /* of a directory: a tree of struct li_child for tsearch(3), by name */
    struct li_object
        *parent;      /* of a directory (the root is its own parent), or where it was found */
    const char *name; /* the name it was found by there; a child owns it */
    struct li_object *pending; /* in a list of objects to be freed */
};

struct li_child {
    struct li_object *object;
    uint32_t replaced_in; /* the last layer that has an entry for this name, or 0 */
    const char *name;     /* after the struct, in one allocation */
};

/* An entry of a layer. */
struct li_change {
    enum {
        LI_CHANGE_ENTRY,
        LI_CHANGE_WHITEOUT,
        LI_CHANGE_OPAQUE,
        LI_CHANGE_TARGET, /* a file that AUFS kept as a target of hard links */
        LI_CHANGE_NOTHING,
    } kind;
    bool through_link;        /* a whiteout that waits for the second round */
    char *path;               /* clean; of a whiteout: the path that it hides */
    char *link;               /* of a hard link, clean */
    struct li_object *object; /* of any other entry, until the tree takes it */
};

struct li_changes {
    struct li_change *list;
    size_t count, cap;
    size_t kept; /* bytes that were charged, until the list is freed */
};

/* layer.c: the entries of a layer, read with libarchive. */
struct li_layer_archive;

/* Opens layer INDEX, which need not be verified yet. The caller closes *OUT. LI_ECORRUPT, LI_EIO,
 * LI_ENOMEM. */
int li_compare_layer_open(struct li_layers *layers, size_t index, struct li_layer_archive **out,
                          struct li_error *err);

/* NULL is allowed. */
void li_compare_layer_close(struct li_layer_archive *layer);
/* The next entry, or LI_END. */
int li_compare_layer_next(struct li_layer_archive *layer, struct archive_entry **entry,
                          struct li_error *err);
/* Whether a call failed because the layer's bytes could not be read, and not because of what they
 * are. */
bool li_compare_layer_unread(const struct li_layer_archive *layer);
/* The next piece of the entry's contents and its position, or LI_END. */
int li_compare_layer_data(struct li_layer_archive *layer, const uint8_t **data, size_t *len,
                          uint64_t *offset, struct li_error *err);

/* attribute.c */
/* Adds a value. A value that the attribute already has is not added again. */
int li_attribute_add(struct li_attribute **list, const char *name, const void *value, size_t size,
                     struct li_error *err);

/* Frees a list of attributes; NULL is allowed. */
void li_attribute_free(struct li_attribute *list);
/* Whether VALUE is the attribute's value, or one of its values. */
bool li_attribute_has(const struct li_attribute *attribute, const void *value, size_t size);
/* Puts the attributes of an entry that an image has into FACTS. An ACL changes the mode. */
int li_attribute_read(struct archive_entry *entry, bool strict, struct li_facts *facts,
                      struct li_error *err);

/* share.c */

/* Replaces *LIST by an equal one in *LISTS, a tree for tsearch(3), or adds it there. After success
 * the tree owns it. LI_ELIMIT if the account has not enough left, LI_ENOMEM. */
int li_attribute_share(void **lists, struct li_attribute **list, struct li_account *account,
                       struct li_error *err);
/* Frees the tree and its lists; NULL is allowed. */
void li_attribute_lists_free(void *lists);

/* change.c */
struct li_comparison;

/* Reads all entries of layer INDEX. OUT must be zeros; the caller frees it, also after a failure.
 * LI_ECORRUPT, LI_EUNSUPPORTED, LI_ELIMIT, LI_ENOMEM. */
int li_changes_read(struct li_comparison *c, size_t index, struct li_changes *out,
                    struct li_error *err);
/* The time of an entry, in any year. */
void li_change_time(struct archive_entry *entry, struct li_facts *facts);
/* Whether a clean path is that of a file that AUFS kept as a target of hard links. */
bool li_change_is_target(const char *path);

/* Frees the list, and the objects that no tree took over. Gives back what was charged for it. */
void li_changes_free(struct li_changes *changes, struct li_account *account);

/* object.c */
/* An object without a name, which the caller owns until it has one; NULL if there is no memory. */
struct li_object *li_object_new(void);
/* The same, a directory: mode 0755, owner root, time 1970. */
struct li_object *li_object_directory(void);
/* Frees an object without a name, and all below it. */
void li_object_release(struct li_object *object);
/* Frees what the facts refer to, except the attributes. */
void li_facts_free(struct li_facts *facts);
/* Whether its mode has that type, S_IFDIR and so on. */
bool li_object_is(const struct li_object *object, uint32_t type);

/* The child NAME of a directory, which owns it; NULL if there is none. */
struct li_child *li_object_child(const struct li_object *directory, const char *name);
/* Gives OBJECT a name, which is charged. An object that had the name loses it. */
int li_object_name(struct li_object *directory, const char *name, struct li_object *object,
                   struct li_account *account, struct li_error *err);

/* Removes a name, if it exists. With the last name the object is freed, and everything below it. */
void li_object_unname(struct li_object *directory, const char *name);

/* Removes all names of a directory. */
void li_object_empty(struct li_object *directory);
/* The path of an object that was found, from the root, with a NUL. Objects do not store paths,
 * because the paths of a hostile tree are as long as it is deep. */
int li_object_path(const struct li_object *object, struct li_buffer *out, struct li_error *err);
/* Sorted; the caller frees the array. */
int li_object_list(const struct li_object *directory, struct li_child ***out, size_t *count,
                   struct li_error *err);

/* route.c */
/* Cleans a path as text: removes "." and "..", and slashes that are not needed. The caller frees
 * it. */
int li_route_clean(const char *path, char **out, struct li_error *err);

enum li_route_manner {
    LI_ROUTE_STRAIGHT, /* returns LI_COMPARE_ROUTE_LINK at the first link */
    LI_ROUTE_FIND,     /* follows links, except those that LAYER replaces */
    LI_ROUTE_MAKE,     /* follows links, and makes missing directories */
};

/* A way through the tree. */
struct li_route {
    struct li_object *root;
    enum li_route_manner manner;
    uint32_t layer; /* of LI_ROUTE_FIND: the layer whose links are not followed; 0: none */
    struct li_account *account; /* of the steps, and of directories that are made */
};

/* Where a path leads. */
struct li_route_end {
    struct li_object *directory;
    const char *name; /* the path's last component, in the directory */
};

/* Finds the directory of PATH, which is clean. LI_END if there is none and none may be made;
 * LI_ELIMIT if the account has no steps left. *OUT refers to PATH and is set on success only. */
int li_route_parent(const struct li_route *route, const char *path, struct li_route_end *out,
                    struct li_error *err);

/* apply.c: applies a layer to the tree and takes over its objects. Charges steps along paths, names
 * and directories to ACCOUNT. */
int li_changes_apply(struct li_object *root, struct li_changes *changes, uint32_t layer,
                     struct li_account *account, struct li_error *err);

/* The comparison. */
struct li_comparison {
    struct li_files *files;
    struct li_layers *layers;
    bool strict; /* the image's layout is 3 or later */
    struct li_object *root;
    struct li_account account;
    void *attributes;           /* of all objects: lists for li_attribute_share() */
    struct li_object **regular; /* files whose contents are to be compared */
    size_t regular_count, regular_cap;
    const struct li_compare_reports *reports;
    struct li_compare_result result;
};

/* readers.c: reports the entries of a layer that the two readers of tars read differently. */
int li_compare_readers(struct li_comparison *c, size_t layer, struct li_error *err);

/* difference.c */

/* Reports a difference, and counts it. */
void li_differ(struct li_comparison *c, const char *path, const char *what, const char *stored,
               const char *layers);

/* The same for two numbers, if they differ. */
void li_differ_numbers(struct li_comparison *c, const char *path, const char *what, uint64_t stored,
                       uint64_t layers);

/* The type that the mode has, in words: "file", "directory", "FIFO". */
const char *li_type_name(uint32_t mode);
/* Everything in an inode except its contents and children. */
int li_compare_metadata(struct li_comparison *c, const char *path, const struct li_object *object,
                        const struct li_file *file, struct li_error *err);

/* walk.c: the trees; fills in c->regular. */
int li_compare_trees(struct li_comparison *c, struct li_error *err);

/* content.c */
int li_compare_contents(struct li_comparison *c, struct li_error *err);

#endif
