/* SPDX-License-Identifier: Apache-2.0 */
#include "http/meter.h"

#include "http/http.h"

void li_meter_begin(struct li_meter *meter, uint64_t now)
{
    *meter = (struct li_meter){.looked = now};
}

void li_meter_look(struct li_meter *meter, uint64_t now)
{
    uint64_t passed = now - meter->looked;

    meter->idle += passed < LI_METER_STEP ? passed : LI_METER_STEP;
    meter->looked = now;
}

void li_meter_connect(struct li_meter *meter)
{
    if (meter->connected)
        return;
    meter->connected = true;
    meter->waited = meter->idle;
    meter->idle = 0;
}

void li_meter_move(struct li_meter *meter, int64_t bytes)
{
    int64_t moved = bytes - meter->bytes;

    if (moved <= 0 || (uint64_t)moved * 1000 < meter->idle * LI_HTTP_RATE)
        return;
    meter->bytes = bytes;
    meter->idle = 0;
}

uint64_t li_meter_stall(const struct li_meter *meter)
{
    return meter->connected ? meter->idle : 0;
}

uint64_t li_meter_silent(const struct li_meter *meter)
{
    return meter->waited + meter->idle;
}
