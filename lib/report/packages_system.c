/* SPDX-License-Identifier: Apache-2.0 */
/* Where distributions keep their databases of packages, and how these name files. */
#include <string.h>

#include "report/packages_internal.h"

/* ---- Debian ---------------------------------------------------------------------------------- */

struct debian {
    struct li_packaging *p;
    uint32_t info; /* the directory of the lists, or LI_TREE_NONE */
};

/* The child of DIRECTORY that is named NAME and ENDING, or LI_TREE_NONE. */
static uint32_t find_named(const struct li_packaging *p, uint32_t directory, struct li_slice name,
                           const char *ending)
{
    char whole[LI_TREE_NAME_MAX + 1];
    size_t len = strlen(ending);

    if (directory == LI_TREE_NONE || name.len + len > LI_TREE_NAME_MAX)
        return LI_TREE_NONE;
    memcpy(whole, name.data, name.len);
    memcpy(whole + name.len, ending, len);
    return li_package_files_child(p->files, directory, (struct li_slice){whole, name.len + len});
}

/* A package of dpkg's status: its files are in a list of its own. */
static int take_debian(void *arg, struct li_slice name, struct li_slice version,
                       struct li_error *err)
{
    struct debian *d = arg;
    const struct li_package_sink sink = li_packaging_sink(d->p);
    uint32_t list = find_named(d->p, d->info, name, ".list");
    int rc = sink.package(sink.arg, name, version, err);

    if (rc < 0 || list == LI_TREE_NONE)
        return rc;
    return li_packaging_parse(d->p, list, li_package_parse_list, &sink, err);
}

/* Images of Google's distroless have a file for each package, and its sums beside it. */
static int read_distroless(struct li_packaging *p, struct li_error *err)
{
    const struct li_package_sink sink = li_packaging_sink(p);
    uint32_t directory = li_packaging_find(p, "/var/lib/dpkg/status.d");
    const uint32_t *child;
    size_t count, len;
    int rc = 0;

    if (directory == LI_TREE_NONE)
        return 0;
    child = li_package_files_children(p->files, directory, &count);
    for (size_t i = 0; i < count && rc == 0; i++) {
        const char *name = li_tree_name(p->tree, child[i], &len);
        uint32_t sums = find_named(p, directory, (struct li_slice){name, len}, ".md5sums");

        if (sums == LI_TREE_NONE)
            continue;
        p->current = 0;
        rc = li_packaging_parse(p, child[i], li_package_parse_status, &sink, err);
        if (rc == 0)
            rc = li_packaging_parse(p, sums, li_package_parse_sums, &sink, err);
    }
    return rc;
}

int li_packaging_debian(struct li_packaging *p, struct li_error *err)
{
    struct debian d = {p, li_packaging_find(p, "/var/lib/dpkg/info")};
    const struct li_package_sink sink = {.package = take_debian, .arg = &d};
    uint32_t status = li_packaging_find(p, "/var/lib/dpkg/status");
    int rc = 0;

    p->kind = LI_PACKAGE_DEBIAN;
    if (status != LI_TREE_NONE)
        rc = li_packaging_parse(p, status, li_package_parse_status, &sink, err);
    return rc < 0 ? rc : read_distroless(p, err);
}

/* ---- RPM ------------------------------------------------------------------------------------- */

/* SQLite's log beside a database has changes that are not in the database yet. */
static int note_log(struct li_packaging *p, uint32_t directory, struct li_error *err)
{
    static const char name[] = "rpmdb.sqlite-wal";
    uint32_t node =
        li_package_files_child(p->files, directory, (struct li_slice){name, sizeof(name) - 1});

    if (node == LI_TREE_NONE ||
        li_tree_inode(p->tree, li_tree_node(p->tree, node)->inode)->size == 0)
        return 0;
    return li_packaging_note(p, node, "SQLite's log of changes is not read, only the database",
                             err);
}

static int read_rpmdb(struct li_packaging *p, uint32_t node, struct li_error *err)
{
    const struct li_package_sink sink = li_packaging_sink(p);
    struct li_buffer bytes = {0};
    const char *why = NULL;
    int rc = li_package_files_read(p->files, node, &bytes, &why, err);

    if (rc == 0 && why)
        rc = li_packaging_note(p, node, why, err);
    else if (rc == 0)
        rc = li_packaging_settle(p, node, li_package_parse_rpmdb(bytes.data, bytes.len, &sink, err),
                                 err);
    li_buffer_free(&bytes);
    return rc;
}

int li_packaging_rpm(struct li_packaging *p, struct li_error *err)
{
    static const char *const directories[] = {"/var/lib/rpm", "/usr/lib/sysimage/rpm"};
    static const struct {
        const char *name, *why; /* NULL: it can be read */
    } databases[] = {{"rpmdb.sqlite", NULL},
                     {"Packages.db", "RPM's format ndb is not supported, only SQLite"},
                     {"Packages", "RPM's format Berkeley DB is not supported, only SQLite"}};
    uint32_t last = LI_TREE_NONE;
    int rc = 0;

    p->kind = LI_PACKAGE_RPM;
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        for (size_t k = 0; k < sizeof(databases) / sizeof(databases[0]) && rc == 0; k++) {
            struct li_slice name = {databases[k].name, strlen(databases[k].name)};
            uint32_t directory = li_packaging_find(p, directories[i]);
            uint32_t node = directory == LI_TREE_NONE
                                ? LI_TREE_NONE
                                : li_package_files_child(p->files, directory, name);

            if (node == LI_TREE_NONE || node == last)
                continue;
            rc = databases[k].why ? li_packaging_note(p, node, databases[k].why, err)
                                  : read_rpmdb(p, node, err);
            if (rc == 0 && !databases[k].why)
                rc = note_log(p, directory, err);
            last = node;
            break;
        }
    return rc;
}

/* ---- Alpine ---------------------------------------------------------------------------------- */

int li_packaging_alpine(struct li_packaging *p, struct li_error *err)
{
    const struct li_package_sink sink = li_packaging_sink(p);
    uint32_t node = li_packaging_find(p, "/lib/apk/db/installed");

    p->kind = LI_PACKAGE_ALPINE;
    if (node == LI_TREE_NONE)
        node = li_packaging_find(p, "/usr/lib/apk/db/installed");
    return node == LI_TREE_NONE ? 0 : li_packaging_parse(p, node, li_package_parse_apk, &sink, err);
}
