/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer as a list of changes. All are read before the first is applied, because a whiteout may
 * come after entries that it must not affect.
 */
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "compare/internal.h"

#define MARK ".wh."
#define OWN MARK ".wh."
#define OPAQUE OWN ".opq"
#define TARGETS OWN "plnk/"

/* The range of seconds in an inode of ext4: 32 bits, signed, and two more above. */
#define EARLIEST (-(INT64_C(1) << 31))
#define LATEST ((INT64_C(1) << 34) - (INT64_C(1) << 31) - 1)

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

bool li_change_is_target(const char *path)
{
    return begins(path, TARGETS);
}

/* Decides from the names in a clean path what the entry is. A whiteout gets the path that it hides.
 */
static int classify(struct li_change *change, struct li_error *err)
{
    char *last = strrchr(change->path, '/');
    bool marked = false;

    last = last ? last + 1 : change->path;
    for (char *name = change->path; name; name = strchr(name, '/')) {
        name += *name == '/';
        if (begins(name, OWN) && !(name == last && strcmp(name, OPAQUE) == 0)) {
            change->kind = li_change_is_target(change->path) ? LI_CHANGE_TARGET : LI_CHANGE_NOTHING;
            return 0;
        }
        marked |= name != last && begins(name, MARK);
    }
    if (marked)
        return li_fail(err, LI_EUNSUPPORTED, "a directory has the name of a whiteout");
    if (strcmp(last, OPAQUE) == 0)
        change->kind = LI_CHANGE_OPAQUE;
    else if (begins(last, MARK))
        change->kind = LI_CHANGE_WHITEOUT;
    if (change->kind == LI_CHANGE_WHITEOUT) {
        const char *hidden = last + strlen(MARK);

        if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
            return li_fail(err, LI_ECORRUPT, "a whiteout that names nothing");
        memmove(last, hidden, strlen(hidden) + 1);
    }
    return 0;
}

/* libarchive reads the fraction of a negative time like that of a positive one: -1.25 comes as -1
 * second and 250000000 ns. */
void li_change_time(struct archive_entry *entry, struct li_facts *facts)
{
    int64_t seconds = archive_entry_mtime(entry);
    long fraction = archive_entry_mtime_nsec(entry);

    if (seconds < 0)
        fraction = -fraction;
    facts->mtime = fraction < 0 ? seconds - 1 : seconds;
    facts->mtime_nsec = (uint32_t)(fraction < 0 ? fraction + 1000000000 : fraction);
}

/* A number that is too large must not be cut to one that happens to be stored. */
static int read_number(int64_t number, const char *what, uint32_t *out, struct li_error *err)
{
    if (number < 0 || number > UINT32_MAX)
        return li_fail(err, LI_EUNSUPPORTED, "its %s is %lld", what, (long long)number);
    *out = (uint32_t)number;
    return 0;
}

static int read_device(struct archive_entry *entry, struct li_facts *facts, struct li_error *err)
{
    int rc = read_number((int64_t)archive_entry_rdevmajor(entry), "major", &facts->major, err);

    return rc < 0
               ? rc
               : read_number((int64_t)archive_entry_rdevminor(entry), "minor", &facts->minor, err);
}

/* Paths through a link are as long as its target, so targets have the same limit as paths. */
static int read_target(struct li_comparison *c, struct archive_entry *entry, struct li_facts *facts,
                       struct li_error *err)
{
    const char *target = archive_entry_symlink(entry);
    int rc;

    if (!target || !*target)
        return li_fail(err, LI_ECORRUPT, "a symbolic link has no target");
    facts->size = strlen(target);
    if (facts->size > LI_FILES_LINK_MAX)
        return li_fail(err, LI_EUNSUPPORTED, "a symbolic link has a target of %llu bytes",
                       (unsigned long long)facts->size);
    rc = li_account_keep(&c->account, facts->size + 1, err);
    if (rc < 0)
        return rc;
    facts->target = strdup(target);
    return facts->target ? 0 : li_fail_memory(err);
}

/* Linux reserves the last number for "no user" and "no group". */
static int check_owner(const struct li_facts *facts, struct li_error *err)
{
    if (facts->uid == UINT32_MAX || facts->gid == UINT32_MAX)
        return li_fail(err, LI_EUNSUPPORTED, "an owner is 4294967295, which Linux does not allow");
    return 0;
}

static int read_attributes(struct li_comparison *c, struct archive_entry *entry,
                           struct li_facts *facts, struct li_error *err)
{
    int rc = li_attribute_read(entry, c->strict, facts, err);

    if (rc == 0)
        rc = li_attribute_share(&c->attributes, &facts->attributes, &c->account, err);
    if (rc < 0) {
        li_attribute_free(facts->attributes);
        facts->attributes = NULL;
    }
    return rc;
}

static int read_facts(struct li_comparison *c, struct archive_entry *entry, struct li_facts *facts,
                      struct li_error *err)
{
    int rc = read_number(archive_entry_uid(entry), "uid", &facts->uid, err);

    facts->mode = (uint32_t)(archive_entry_filetype(entry) | (archive_entry_perm(entry) & 07777));
    li_change_time(entry, facts);
    if (facts->mtime < EARLIEST || facts->mtime > LATEST)
        facts->mtime = facts->mtime_nsec = 0;
    if (rc == 0)
        rc = read_number(archive_entry_gid(entry), "gid", &facts->gid, err);
    if (rc == 0 && c->strict)
        rc = check_owner(facts, err);
    if (S_ISLNK(facts->mode) && c->strict)
        facts->mode = S_IFLNK | 0777;
    if (S_ISREG(facts->mode))
        facts->size = (uint64_t)archive_entry_size(entry);
    if (rc == 0 && (S_ISCHR(facts->mode) || S_ISBLK(facts->mode)))
        rc = read_device(entry, facts, err);
    if (rc == 0 && S_ISLNK(facts->mode))
        rc = read_target(c, entry, facts, err);
    return rc < 0 ? rc : read_attributes(c, entry, facts, err);
}

static struct li_change *add(struct li_changes *changes)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (li_array_reserve(&changes->list, &changes->cap, changes->count + 1, sizeof(*changes->list),
                         &ignored) < 0)
        return NULL;
    changes->list[changes->count] = (struct li_change){0};
    return &changes->list[changes->count++];
}

static int read_object(struct li_comparison *c, struct archive_entry *entry,
                       struct li_change *change, struct li_facts found, struct li_error *err)
{
    change->object = li_object_new();
    if (!change->object)
        return li_fail_memory(err);
    change->object->facts = found;
    return read_facts(c, entry, &change->object->facts, err);
}

static int read_change(struct li_comparison *c, struct archive_entry *entry,
                       struct li_change *change, struct li_facts found, struct li_error *err)
{
    const char *path = archive_entry_pathname(entry), *link = archive_entry_hardlink(entry);
    int rc;

    if (path && !*path && !link && archive_entry_filetype(entry) == AE_IFDIR)
        path = "."; /* a directory without a name is the root */
    if (!path || !*path)
        return li_fail(err, LI_ECORRUPT, "an entry has no name");
    if (strlen(path) > LI_COMPARE_PATH_MAX || (link && strlen(link) > LI_COMPARE_PATH_MAX))
        return li_fail(err, LI_ELIMIT, "a path has more than %d bytes", LI_COMPARE_PATH_MAX);
    rc = li_route_clean(path, &change->path, err);
    if (rc == 0)
        rc = classify(change, err);
    if (rc == 0 && change->kind == LI_CHANGE_ENTRY && link)
        rc = li_route_clean(link, &change->link, err);
    else if (rc == 0 && change->kind == LI_CHANGE_TARGET &&
             (link || archive_entry_filetype(entry) != AE_IFREG))
        change->kind = LI_CHANGE_NOTHING;
    else if (rc == 0 && (change->kind == LI_CHANGE_ENTRY || change->kind == LI_CHANGE_TARGET))
        rc = read_object(c, entry, change, found, err);
    return rc < 0 ? li_context(err, "%s", path) : 0;
}

/* Charges a path as far as it is longer than usual. */
static int charge_path(struct li_comparison *c, const char *path, struct li_changes *changes,
                       struct li_error *err)
{
    size_t len = path ? strlen(path) : 0, over = len > LI_COMPARE_PATH ? len - LI_COMPARE_PATH : 0;
    int rc = li_account_keep(&c->account, over, err);

    if (rc == 0)
        changes->kept += over;
    return rc;
}

/* Adds the entry NUMBER of layer INDEX. */
static int add_entry(struct li_comparison *c, struct archive_entry *entry, size_t index,
                     uint64_t number, struct li_changes *out, struct li_error *err)
{
    const struct li_facts found = {.layer = (uint32_t)index, .number = number};
    struct li_change *change = add(out);
    int rc = change ? read_change(c, entry, change, found, err) : li_fail_memory(err);

    if (rc == 0)
        rc = charge_path(c, change->path, out, err);
    if (rc == 0)
        rc = charge_path(c, change->link, out, err);
    return rc;
}

int li_changes_read(struct li_comparison *c, size_t index, struct li_changes *out,
                    struct li_error *err)
{
    struct li_layer_archive *layer = NULL;
    int rc = li_compare_layer_open(c->layers, index, &layer, err);

    for (uint64_t number = 0; rc == 0; number++) {
        struct archive_entry *entry;

        rc = li_compare_layer_next(layer, &entry, err);
        if (rc != 0)
            break;
        rc = add_entry(c, entry, index, number, out, err);
        if (rc < 0)
            li_context(err, "layer %s", li_layers_name(c->layers, index));
    }
    li_compare_layer_close(layer);
    return rc < 0 ? rc : 0;
}

void li_changes_free(struct li_changes *changes, struct li_account *account)
{
    for (size_t i = 0; i < changes->count; i++) {
        free(changes->list[i].path);
        free(changes->list[i].link);
        if (changes->list[i].object)
            li_object_release(changes->list[i].object);
    }
    free(changes->list);
    li_account_release(account, changes->kept);
    *changes = (struct li_changes){0};
}
