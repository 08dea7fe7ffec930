/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock comes first: its own system calls are not among those that the filter allows. Both need
 * that no program can give the process new rights, which it sets itself: an ordinary user may then
 * use them, too.
 */
#include "confine/confine.h"

#include <errno.h>
#include <sys/prctl.h>

#include "confine/internal.h"

unsigned li_confine_lacks(void)
{
    return (li_landlock_there() ? 0 : LI_CONFINE_LACKS_LANDLOCK) |
           (li_filter_there() ? 0 : LI_CONFINE_LACKS_SECCOMP);
}

int li_confine(const struct li_confine_path *paths, size_t count, struct li_error *err)
{
    unsigned lacks = li_confine_lacks();
    bool writable = false;
    int rc = 0;

    for (size_t i = 0; i < count; i++)
        writable |= paths[i].writable != 0;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return li_fail_errno(err, errno, "cannot renounce new privileges");
    if (!(lacks & LI_CONFINE_LACKS_LANDLOCK))
        rc = li_landlock(paths, count, err);
    if (rc == 0 && !(lacks & LI_CONFINE_LACKS_SECCOMP))
        rc = li_filter(count > 0, writable, err);
    return rc;
}
