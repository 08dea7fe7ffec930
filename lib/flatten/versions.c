/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the libraries at run time, not at compile time. */
#include <archive.h>
#include <ext2fs/ext2fs.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "flatten/flatten.h"

int li_flatten_libraries(char **out, struct li_error *err)
{
    const char *e2fsprogs = NULL, *archive = strchr(archive_version_string(), ' ');
    char *text = NULL;

    ext2fs_get_library_version(&e2fsprogs, NULL);
    if (asprintf(&text, "libarchive %s, libext2fs %s, zstd %s", archive ? archive + 1 : "?",
                 e2fsprogs, ZSTD_versionString()) < 0)
        return li_fail_memory(err);
    *out = text;
    return 0;
}

int li_flatten_made_by(char **out, struct li_error *err)
{
    char *libraries = NULL, *text = NULL;
    int rc = li_flatten_libraries(&libraries, err);

    if (rc == 0 && asprintf(&text, "lambdaimg " LI_VERSION ", %s", libraries) < 0)
        rc = li_fail_memory(err);
    if (rc == 0)
        *out = text;
    free(libraries);
    return rc;
}
