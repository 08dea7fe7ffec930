/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories whose files only serve a build: what package managers download, and can download
 * again. Compiled code such as __pycache__ is not among them, because it makes programs start
 * faster; nor are caches that programs may need at run time, such as those of Maven and Gradle.
 */
#include <string.h>

#include "report/waste_internal.h"

/* Paths from the root; with "*" at the beginning, the end of a path. */
static const char *const directories[] = {
    "/var/lib/apt/lists",
    "/var/cache/apt",
    "/var/cache/apk",
    "/var/cache/dnf",
    "/var/cache/libdnf5",
    "/var/cache/yum",
    "/var/cache/zypp",
    "/var/cache/pacman",
    "/tmp",
    "/var/tmp",
    "*/.cache/pip",
    "*/.cache/uv",
    "*/.cache/yarn",
    "*/.cache/go-build",
    "*/.npm/_cacache",
    "*/usr/local/share/.cache/yarn",
    "*/.cargo/registry/cache",
    "*/usr/local/cargo/registry/cache",
    "*/.composer/cache",
    "*/.cache/composer",
};

/* Whether the path of NODE ends with PATH; if ROOTED, is PATH. */
static bool is_at(const struct li_tree *tree, uint32_t node, const char *path, bool rooted)
{
    const char *end = path + strlen(path);

    while (end > path) {
        const char *slash = memrchr(path, '/', (size_t)(end - path));
        size_t len, part = (size_t)(end - slash - 1);
        const char *name = li_tree_name(tree, node, &len);

        if (node == LI_TREE_ROOT || len != part || memcmp(name, slash + 1, part) != 0)
            return false;
        node = li_tree_node(tree, node)->parent;
        end = slash;
    }
    return !rooted || node == LI_TREE_ROOT;
}

bool li_waste_is_left(const struct li_tree *tree, uint32_t node)
{
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        bool rooted = *directories[i] == '/';

        if (is_at(tree, node, directories[i] + !rooted, rooted))
            return true;
    }
    return false;
}
