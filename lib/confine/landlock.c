/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock: which files may be opened. Rules: Documentation/userspace-api/landlock.rst of Linux.
 *
 * The C library has no functions for it, and the kernel's header may be older than the kernel. So
 * the newer flags are defined here, and each is used only if the running kernel's version of the
 * interface has it; a flag that the kernel does not know would make the call fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/internal.h"

/* Version 1 lets no file be linked into another directory, which a new file without a name needs.
 */
enum { VERSION_LEAST = 2 };

static const uint64_t to_read = LANDLOCK_ACCESS_FS_READ_FILE;
static const uint64_t to_list = LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t truncate_file = UINT64_C(1) << 14;  /* version 3 */
static const uint64_t control_device = UINT64_C(1) << 15; /* version 5 */
static const uint64_t to_change = LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_REFER;

/* struct landlock_ruleset_attr of version 6. A kernel takes a longer one than it knows, as long as
 * the rest is zeros. */
struct ruleset {
    uint64_t files;
    uint64_t network; /* version 4: 1 to bind, 2 to connect */
    uint64_t scoped;  /* version 6: 1 for abstract sockets, 2 for signals */
};

static long version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool li_landlock_there(void)
{
    return version() >= VERSION_LEAST;
}

/* Everything that the kernel can refuse. */
static struct ruleset everything(long known)
{
    struct ruleset all = {.files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};

    all.files |= LANDLOCK_ACCESS_FS_REFER;
    if (known >= 3)
        all.files |= truncate_file;
    if (known >= 4)
        all.network = 3;
    if (known >= 5)
        all.files |= control_device;
    if (known >= 6)
        all.scoped = 3;
    return all;
}

/* A file takes fewer rights than a directory. */
static uint64_t rights(const struct li_confine_path *path, mode_t mode)
{
    uint64_t all = to_read;

    if (path->writable)
        all |= LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_file;
    if (S_ISDIR(mode))
        all |= path->writable ? to_list | to_change : to_list;
    return all;
}

/* A pipe or a socket, as /dev/stdin may be one, takes no rule (EBADFD), and needs none. */
static int allow(int rules, uint64_t handled, const struct li_confine_path *path,
                 struct li_error *err)
{
    struct landlock_path_beneath_attr rule = {0};
    struct stat st;
    int rc = 0;
    int fd = open(path->path, O_PATH | O_CLOEXEC);

    if (fd < 0)
        return 0;
    if (fstat(fd, &st) < 0) {
        rc = li_fail_errno(err, errno, "%s", path->path);
        goto out;
    }
    rule.parent_fd = fd;
    rule.allowed_access = rights(path, st.st_mode) & handled;
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 &&
        errno != EBADFD)
        rc = li_fail_errno(err, errno, "%s: Landlock cannot allow it", path->path);
out:
    close(fd);
    return rc;
}

int li_landlock(const struct li_confine_path *paths, size_t count, struct li_error *err)
{
    const struct ruleset all = everything(version());
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    int rc = 0;

    if (rules < 0)
        return li_fail_errno(err, errno, "Landlock makes no set of rules");
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = allow(rules, all.files, &paths[i], err);
    if (rc == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
        rc = li_fail_errno(err, errno, "Landlock does not restrict the process");
    close(rules);
    return rc;
}
