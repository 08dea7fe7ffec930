/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 64-bit number identifies a failure, so that nothing is allocated when things go wrong. If two
 * failures share a number, a line about one of them is missing for a while. If the clock was set
 * back, the while is over: a failure is better reported twice than not at all.
 */
#include "base/repeats.h"

static uint64_t key_of(const struct li_error *err)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (const char *p = err->part ? "" : err->text; *p; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    for (uint64_t part = err->part; part; part >>= 8)
        hash = (hash ^ (part & 0xff)) * UINT64_C(0x100000001b3);
    return hash ? hash : 1;
}

static bool is_over(int64_t told, int64_t now)
{
    return now < told || now - told >= LI_REPEATS_WHILE;
}

/* Notes that KEY is reported at NOW; false if it is too early, or there were too many. */
static bool note(struct li_repeats *repeats, uint64_t key, int64_t now)
{
    size_t at = LI_REPEATS_MAX;

    for (size_t i = 0; i < LI_REPEATS_MAX; i++) {
        bool over = repeats->row[i].key == 0 || is_over(repeats->row[i].told, now);

        if (repeats->row[i].key == key && !over)
            return false;
        if (over)
            at = i;
    }
    if (at == LI_REPEATS_MAX)
        return false;
    repeats->row[at].key = key;
    repeats->row[at].told = now;
    return true;
}

bool li_repeats_tell(struct li_repeats *repeats, const struct li_error *err, int64_t now,
                     uint64_t *untold)
{
    bool told;

    pthread_mutex_lock(&repeats->lock);
    told = note(repeats, key_of(err), now);
    if (told) {
        *untold = repeats->untold;
        repeats->untold = 0;
    } else {
        repeats->untold++;
    }
    pthread_mutex_unlock(&repeats->lock);
    return told;
}

uint64_t li_repeats_untold(struct li_repeats *repeats)
{
    uint64_t untold;

    pthread_mutex_lock(&repeats->lock);
    untold = repeats->untold;
    pthread_mutex_unlock(&repeats->lock);
    return untold;
}
