/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about conditions on writes: whether the server honours them.
 *
 * The caller may remember, and tell the store when it opens it again, that a condition is not
 * honoured. It is then not sent, and the store looks before each put, as if it had just found this;
 * at worst that is unnecessary. That a condition is honoured is never remembered, because a server
 * may be replaced by one that ignores it.
 */
#include "store/s3_internal.h"

enum { REFUSALS = 2 /* times in a row after which a condition is not tried again */ };

void li_s3_tell_once(struct li_s3 *s3, unsigned what, const char *text)
{
    struct li_s3_client *client = s3->client;

    if (!(atomic_fetch_or(&client->told, what) & what) && client->notice)
        client->notice(client->notice_arg, text);
}

static void tell_conditions(struct li_s3 *s3)
{
    li_s3_tell_once(s3, LI_S3_TOLD_CONDITIONS,
                    "this server ignores conditions on writes; of two pushes to one tag at "
                    "the same moment one may be lost");
}

enum li_s3_support li_s3_support(struct li_s3_condition *condition)
{
    return (enum li_s3_support)atomic_load(&condition->support);
}

void li_s3_is_honoured(struct li_s3_condition *condition)
{
    atomic_store(&condition->support, LI_S3_HONOURED);
    atomic_store(&condition->refused, 0);
}

void li_s3_is_ignored(struct li_s3 *s3, struct li_s3_condition *condition)
{
    atomic_store(&condition->support, LI_S3_IGNORED);
    tell_conditions(s3);
}

void li_s3_is_refused(struct li_s3 *s3, struct li_s3_condition *condition)
{
    tell_conditions(s3);
    if (atomic_fetch_add(&condition->refused, 1) + 1 >= REFUSALS)
        atomic_store(&condition->support, LI_S3_IGNORED);
}

unsigned li_s3_lacks(struct li_store *store)
{
    struct li_s3_client *client = ((struct li_s3 *)store)->client;
    unsigned lacks = 0;

    if (li_s3_support(&client->if_absent) == LI_S3_IGNORED)
        lacks |= LI_STORE_LACKS_IF_ABSENT;
    if (li_s3_support(&client->if_match) == LI_S3_IGNORED)
        lacks |= LI_STORE_LACKS_IF_MATCH;
    return lacks;
}

static void expect(struct li_s3 *s3, struct li_s3_condition *condition)
{
    int unknown = LI_S3_UNKNOWN;

    if (atomic_compare_exchange_strong(&condition->support, &unknown, LI_S3_IGNORED))
        tell_conditions(s3);
}

void li_s3_expect(struct li_store *store, unsigned lacks)
{
    struct li_s3 *s3 = (struct li_s3 *)store;

    if (lacks & LI_STORE_LACKS_IF_ABSENT)
        expect(s3, &s3->client->if_absent);
    if (lacks & LI_STORE_LACKS_IF_MATCH)
        expect(s3, &s3->client->if_match);
}
