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
            "the image's symbolic links, extended attributes, sparse files, long names, repeated "
            "layers and whiteouts through links take more than %d MiB of memory",
            LI_ACCOUNT_KEPT >> 20);
    account->kept += bytes;
    return 0;
}

void li_account_release(struct li_account *account, size_t bytes)
{
    account->kept -= bytes;
}

int li_account_name(struct li_account *account, size_t len, struct li_error *err)
{
    return len <= LI_ACCOUNT_NAME ? 0 : li_account_keep(account, len - LI_ACCOUNT_NAME, err);
}

static int repeat(struct li_account *account, uint64_t entries, struct li_error *err)
{
    if (entries > LI_ACCOUNT_REPEATED - account->repeated)
        return li_fail(err, LI_ELIMIT,
                       "the image's layers that are the same as others have more than %d entries, "
                       "or %d MiB",
                       LI_ACCOUNT_REPEATED,
                       LI_ACCOUNT_REPEATED / ((1 << 20) / LI_ACCOUNT_REPEATED_BYTES));
    account->repeated += entries;
    return 0;
}

int li_account_repeat_layer(struct li_account *account, uint64_t length, struct li_error *err)
{
    return repeat(account, length / LI_ACCOUNT_REPEATED_BYTES, err);
}

int li_account_repeat(struct li_account *account, size_t len, struct li_error *err)
{
    size_t entries = 1 + len / LI_ACCOUNT_REPEATED_PATH;
    int rc = repeat(account, entries, err);

    return rc < 0 ? rc : li_account_keep(account, entries * LI_ACCOUNT_REPEATED_COST, err);
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
