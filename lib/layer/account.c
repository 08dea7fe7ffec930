/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/account.h"

void li_account_entry(struct li_account *account)
{
    account->entries++;
}

int li_account_keep(struct li_account *account, size_t bytes, struct li_error *err)
{
    if (bytes > LI_ACCOUNT_KEPT - account->kept)
        return li_fail(
            err, LI_ELIMIT,
            "the image's symbolic links, extended attributes, sparse files, long names and "
            "whiteouts through links take more than %d MiB of memory",
            LI_ACCOUNT_KEPT >> 20);
    account->kept += bytes;
    return 0;
}

int li_account_name(struct li_account *account, size_t len, struct li_error *err)
{
    return len <= LI_ACCOUNT_NAME ? 0 : li_account_keep(account, len - LI_ACCOUNT_NAME, err);
}

int li_account_repeat(struct li_account *account, size_t len, struct li_error *err)
{
    account->repeated += 1 + len / LI_ACCOUNT_REPEATED_PATH;
    if (account->repeated > LI_ACCOUNT_REPEATED)
        return li_fail(err, LI_ELIMIT,
                       "the image's layers that are the same as others have more than %d entries",
                       LI_ACCOUNT_REPEATED);
    return 0;
}

int li_account_step(struct li_account *account, struct li_error *err)
{
    if (account->steps >= LI_ACCOUNT_STEPS + account->entries * LI_ACCOUNT_ENTRY_STEPS)
        return li_fail(err, LI_ELIMIT,
                       "following the paths of the image takes more than %d steps, and %d more for "
                       "each entry",
                       LI_ACCOUNT_STEPS, LI_ACCOUNT_ENTRY_STEPS);
    account->steps++;
    return 0;
}

int li_account_missing(struct li_account *account, struct li_error *err)
{
    if (account->missing >= LI_ACCOUNT_MISSING + account->entries)
        return li_fail(err, LI_ELIMIT,
                       "the image's paths lead through more than %d directories, and one more for "
                       "each entry, that are not in the image",
                       LI_ACCOUNT_MISSING);
    account->missing++;
    return 0;
}
