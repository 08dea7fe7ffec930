/* SPDX-License-Identifier: Apache-2.0 */
#include "http/retry.h"

#include <stdlib.h>

void li_retry_init(struct li_retry_budget *budget)
{
    atomic_init(&budget->tokens, LI_RETRY_BUDGET);
}

bool li_retry_take(struct li_retry_budget *budget)
{
    int tokens = atomic_load(&budget->tokens);

    while (tokens >= LI_RETRY_COST)
        if (atomic_compare_exchange_weak(&budget->tokens, &tokens, tokens - LI_RETRY_COST))
            return true;
    return false;
}

void li_retry_refill(struct li_retry_budget *budget)
{
    int tokens = atomic_load(&budget->tokens);

    while (tokens < LI_RETRY_BUDGET)
        if (atomic_compare_exchange_weak(&budget->tokens, &tokens, tokens + 1))
            return;
}

void li_retry_unreached(struct li_retry_outage *outage, uint64_t now)
{
    uint_fast64_t never = 0;

    atomic_compare_exchange_strong(&outage->since, &never, now);
}

void li_retry_reached(struct li_retry_outage *outage)
{
    atomic_store(&outage->since, 0);
}

bool li_retry_is_out(struct li_retry_outage *outage, uint64_t now)
{
    uint64_t since = atomic_load(&outage->since);

    return since && now < since + LI_RETRY_OUTAGE;
}

bool li_retry_ask(struct li_retry_outage *outage)
{
    return !atomic_exchange(&outage->asked, true);
}

void li_retry_asked(struct li_retry_outage *outage)
{
    atomic_store(&outage->asked, false);
}

unsigned li_retry_wait(unsigned attempt, uint32_t random, uint64_t retry_after)
{
    uint64_t bound = LI_RETRY_FIRST, wait;

    while (--attempt > 0 && bound < LI_RETRY_LONGEST)
        bound *= 2;
    if (bound > LI_RETRY_LONGEST)
        bound = LI_RETRY_LONGEST;
    wait = (bound * random) >> 32;
    if (retry_after > LI_RETRY_LONGEST)
        retry_after = LI_RETRY_LONGEST;
    return (unsigned)(wait > retry_after ? wait : retry_after);
}

bool li_retry_is_plea(int status)
{
    return status == 429 || status == 503;
}

bool li_retry_is_passing(int status)
{
    return li_retry_is_plea(status) || status == 408 || (status >= 500 && status != 501);
}

uint64_t li_retry_after(const struct li_http_response *response)
{
    const char *text = li_http_header(response, "retry-after");
    uint64_t seconds = 0;

    for (; text && *text >= '0' && *text <= '9'; text++)
        if (seconds < LI_RETRY_LONGEST)
            seconds = seconds * 10 + (uint64_t)(*text - '0');
    if (!text || *text)
        return 0;
    return seconds * 1000 > LI_RETRY_LONGEST ? LI_RETRY_LONGEST : seconds * 1000;
}
