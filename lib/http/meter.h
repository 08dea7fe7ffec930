/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a request makes progress (D6p).
 *
 * A request makes progress when LI_HTTP_RATE bytes for each second have moved since it last did. So
 * bytes that drip are no progress, however long they do, and a burst does not excuse the silence
 * that follows it. Times are milliseconds of a monotonic clock. For one thread at a time.
 */
#ifndef LI_HTTP_METER_H
#define LI_HTTP_METER_H

#include <stdbool.h>
#include <stdint.h>

struct li_meter {
    uint64_t waited; /* for a connection */
    bool connected;
    uint64_t since; /* when it last made progress */
    int64_t bytes;  /* that had moved by then */
};

/* The request begins. */
void li_meter_begin(struct li_meter *meter, uint64_t now);

/* The request has a connection, and is about to be sent. Later calls change nothing. */
void li_meter_connect(struct li_meter *meter, uint64_t now);

/* BYTES have moved since the request began. */
void li_meter_move(struct li_meter *meter, int64_t bytes, uint64_t now);

/* Milliseconds without progress on the connection; 0 before there is one. */
uint64_t li_meter_stall(const struct li_meter *meter, uint64_t now);

/* The same, with the time that it took to connect. */
uint64_t li_meter_silent(const struct li_meter *meter, uint64_t now);

#endif
