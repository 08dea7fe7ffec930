/* SPDX-License-Identifier: Apache-2.0 */
#include "http/meter.h"

#include "http/http.h"

void li_meter_begin(struct li_meter *meter, uint64_t now)
{
    *meter = (struct li_meter){.since = now};
}

void li_meter_connect(struct li_meter *meter, uint64_t now)
{
    if (meter->connected)
        return;
    meter->connected = true;
    meter->waited = now - meter->since;
    meter->since = now;
}

void li_meter_move(struct li_meter *meter, int64_t bytes, uint64_t now)
{
    int64_t moved = bytes - meter->bytes;

    if (moved <= 0 || (uint64_t)moved * 1000 < (now - meter->since) * LI_HTTP_RATE)
        return;
    meter->bytes = bytes;
    meter->since = now;
}

uint64_t li_meter_stall(const struct li_meter *meter, uint64_t now)
{
    return meter->connected ? now - meter->since : 0;
}

uint64_t li_meter_silent(const struct li_meter *meter, uint64_t now)
{
    return meter->waited + (now - meter->since);
}
