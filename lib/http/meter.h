/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a request makes progress (D6p).
 *
 * A request makes progress when LI_HTTP_RATE bytes for each second have moved since it last did. So
 * bytes that drip are no progress, however long they do, and a burst does not excuse the silence
 * that follows it. Times are milliseconds. For one thread at a time.
 *
 * Time passes only while somebody looks. If the process was stopped, nobody could see what the
 * server sent, and the server is not to blame.
 */
#ifndef LI_HTTP_METER_H
#define LI_HTTP_METER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    /* The most that counts of the time between two looks. Those who look do so more often. */
    LI_METER_STEP = 500,
};

struct li_meter {
    uint64_t looked; /* when, by a monotonic clock */
    uint64_t waited; /* for a connection */
    uint64_t idle;   /* since it last made progress, or began to wait */
    bool connected;
    int64_t bytes; /* that had moved by then */
};

/* The request begins at the time NOW. */
void li_meter_begin(struct li_meter *meter, uint64_t now);

/* It is NOW. */
void li_meter_look(struct li_meter *meter, uint64_t now);

/* The request has a connection, and is about to be sent. Later calls change nothing. */
void li_meter_connect(struct li_meter *meter);

/* BYTES have moved since the request began. */
void li_meter_move(struct li_meter *meter, int64_t bytes);

/* Milliseconds without progress on the connection; 0 before there is one. */
uint64_t li_meter_stall(const struct li_meter *meter);

/* The same, with the time that it took to connect. */
uint64_t li_meter_silent(const struct li_meter *meter);

#endif
