/* SPDX-License-Identifier: Apache-2.0 */
/* Paths. */
#include <string.h>

#include "files/internal.h"

/* Replaces FILE by its entry NAME. */
static int step(struct li_files *files, const char *name, size_t len, struct li_file *file,
                bool *found, struct li_error *err)
{
    uint32_t ino = 0;
    int rc = 0;

    if (S_ISDIR(li_files_mode(file)))
        rc = li_files_lookup(files, file, name, len, &ino, err);
    *found = ino != 0;
    return rc == 0 && *found ? li_files_inode(files, ino, file, err) : rc;
}

int li_files_find(struct li_files *files, const char *path, struct li_file *out, bool *found,
                  struct li_error *err)
{
    struct li_file file;
    int rc = li_files_inode(files, LI_FILES_ROOT, &file, err);
    bool there = true;
    size_t len;

    for (; rc == 0 && there && *(path += strspn(path, "/")); path += len) {
        len = strcspn(path, "/");
        rc = step(files, path, len, &file, &there, err);
    }
    if (rc < 0)
        return rc;
    *found = there;
    if (there)
        *out = file;
    return 0;
}
