/* SPDX-License-Identifier: Apache-2.0 */
/* Compares one inode with another. Each thing that differs is reported as a difference of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/hex.h"
#include "base/text.h"
#include "compare/internal.h"

enum { SHOWN = 24, TEXT = 2 * SHOWN + 40 };

void li_differ(struct li_comparison *c, const char *path, const char *what, const char *stored,
               const char *layers)
{
    c->result.differences++;
    c->reports->differs(c->reports->arg, *path ? path : "/", what, stored, layers);
}

void li_differ_numbers(struct li_comparison *c, const char *path, const char *what, uint64_t stored,
                       uint64_t layers)
{
    char s[TEXT], l[TEXT];

    if (stored == layers)
        return;
    snprintf(s, sizeof(s), "%" PRIu64, stored);
    snprintf(l, sizeof(l), "%" PRIu64, layers);
    li_differ(c, path, what, s, l);
}

const char *li_type_name(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "file";
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "symbolic link";
    case S_IFCHR:
        return "character device";
    case S_IFBLK:
        return "block device";
    case S_IFIFO:
        return "FIFO";
    case S_IFSOCK:
        return "socket";
    default:
        return "unknown";
    }
}

static void compare_time(struct li_comparison *c, const char *path, const char *what,
                         const struct timespec *stored, const struct timespec *layers)
{
    char s[TEXT], l[TEXT];

    if (stored->tv_sec == layers->tv_sec && stored->tv_nsec == layers->tv_nsec)
        return;
    snprintf(s, sizeof(s), "%lld.%09ld", (long long)stored->tv_sec, stored->tv_nsec);
    snprintf(l, sizeof(l), "%lld.%09ld", (long long)layers->tv_sec, layers->tv_nsec);
    li_differ(c, path, what, s, l);
}

/* libarchive loses the sign of a time within the second before 1970, so either time is accepted. */
static bool lost_its_sign(const struct timespec *stored, const struct timespec *layers)
{
    return layers->tv_sec == 0 && layers->tv_nsec > 0 && stored->tv_sec == -1 &&
           stored->tv_nsec == 1000000000 - layers->tv_nsec;
}

/* Layers have one time, which an image uses for all three; so a wrong time is reported once. */
static void compare_times(struct li_comparison *c, const char *path, const struct stat *st,
                          const struct li_facts *facts)
{
    const struct timespec layers = {(time_t)facts->mtime, (long)facts->mtime_nsec};

    if (!lost_its_sign(&st->st_mtim, &layers))
        compare_time(c, path, "mtime", &st->st_mtim, &layers);
    compare_time(c, path, "atime beside its mtime", &st->st_atim, &st->st_mtim);
    compare_time(c, path, "ctime beside its mtime", &st->st_ctim, &st->st_mtim);
}

static void compare_mode(struct li_comparison *c, const char *path, const struct stat *st,
                         const struct li_facts *facts)
{
    char stored[TEXT], layers[TEXT];
    uint32_t known = facts->mode_unsure ? 07000 : 07777;

    if ((st->st_mode & known) == (facts->mode & known))
        return;
    snprintf(stored, sizeof(stored), "%04o", st->st_mode & 07777);
    snprintf(layers, sizeof(layers), "%04o", facts->mode & 07777);
    li_differ(c, path, "mode", stored, layers);
}

/* ---- attributes ---- */

static const char *value_text(const struct li_attribute *attribute, char text[TEXT])
{
    size_t len = 0, shown;

    if (!attribute)
        return "none";
    shown = attribute->size < SHOWN ? attribute->size : SHOWN;
    len = (size_t)snprintf(text, TEXT, "%zu byte%s%s", attribute->size, li_text_s(attribute->size),
                           shown ? " " : "");
    li_hex_encode(attribute->value, shown, text + len);
    return text;
}

static int read_stored(struct li_files *files, const struct li_file *file,
                       struct li_attribute **out, struct li_error *err)
{
    struct li_buffer names = {0}, value = {0};
    int rc = li_files_listxattr(files, file, &names, err);
    const char *name = (const char *)names.data;
    const char *end = name ? name + names.len : NULL;

    for (; rc == 0 && name < end; name += strlen(name) + 1) {
        bool found = false;

        rc = li_files_getxattr(files, file, name, &value, &found, err);
        if (rc == 0 && !found)
            rc = li_fail(err, LI_ECORRUPT, "attribute %s is listed and not there", name);
        if (rc == 0)
            rc = li_attribute_add(out, name, value.data, value.len, err);
    }
    li_buffer_free(&names);
    li_buffer_free(&value);
    return rc;
}

static void compare_attribute(struct li_comparison *c, const char *path, const char *name,
                              const struct li_attribute *stored, const struct li_attribute *layers)
{
    char what[300], s[TEXT], l[TEXT];

    if (stored && layers &&
        (layers->unsure || li_attribute_has(layers, stored->value, stored->size)))
        return;
    snprintf(what, sizeof(what), "attribute %s", name);
    li_differ(c, path, what, value_text(stored, s), value_text(layers, l));
}

static int compare_attributes(struct li_comparison *c, const char *path,
                              const struct li_facts *facts, const struct li_file *file,
                              struct li_error *err)
{
    const struct li_attribute *layers = facts->attributes;
    struct li_attribute *list = NULL, *stored;
    int rc = read_stored(c->files, file, &list, err);

    stored = list;
    while (rc == 0 && (stored || layers)) {
        int order = !stored ? 1 : !layers ? -1 : strcmp(stored->name, layers->name);

        compare_attribute(c, path, order <= 0 ? stored->name : layers->name,
                          order <= 0 ? stored : NULL, order >= 0 ? layers : NULL);
        stored = order <= 0 ? stored->next : stored;
        layers = order >= 0 ? layers->next : layers;
    }
    li_attribute_free(list);
    return rc;
}

static int compare_target(struct li_comparison *c, const char *path, const struct li_facts *facts,
                          const struct li_file *file, struct li_error *err)
{
    char stored[LI_FILES_LINK_MAX + 1];
    int rc = li_files_readlink(c->files, file, stored, err);

    if (rc == 0 && strcmp(stored, facts->target) != 0)
        li_differ(c, path, "target", stored, facts->target);
    return rc;
}

int li_compare_metadata(struct li_comparison *c, const char *path, const struct li_object *object,
                        const struct li_file *file, struct li_error *err)
{
    const struct li_facts *facts = &object->facts;
    struct stat st;
    int rc = 0;

    li_files_stat(c->files, file, &st);
    if ((st.st_mode & S_IFMT) != (facts->mode & S_IFMT)) {
        li_differ(c, path, "type", li_type_name(st.st_mode), li_type_name(facts->mode));
        return 0;
    }
    compare_mode(c, path, &st, facts);
    li_differ_numbers(c, path, "uid", st.st_uid, facts->uid);
    li_differ_numbers(c, path, "gid", st.st_gid, facts->gid);
    compare_times(c, path, &st, facts);
    if (!S_ISDIR(st.st_mode)) {
        li_differ_numbers(c, path, "links", st.st_nlink, object->names);
        li_differ_numbers(c, path, "size", (uint64_t)st.st_size, facts->size);
    }
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
        li_differ_numbers(c, path, "major", major(st.st_rdev), facts->major);
        li_differ_numbers(c, path, "minor", minor(st.st_rdev), facts->minor);
    }
    if (S_ISLNK(st.st_mode))
        rc = compare_target(c, path, facts, file, err);
    return rc < 0 ? rc : compare_attributes(c, path, facts, file, err);
}
