/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that moves the bytes of all requests of a client, and the queue in which they wait for
 * the window. Shared by the files of the HTTP client.
 */
#ifndef LI_HTTP_NETWORK_H
#define LI_HTTP_NETWORK_H

#include "http/transfer.h"

struct li_network;

/* Starts the thread; IN_FLIGHT is at least 1. libcurl must be initialised. LI_ENOMEM, LI_EIO (no
 * thread). */
int li_network_new(unsigned in_flight, struct li_network **out, struct li_error *err);

/* Sends TRANSFER, which must be prepared, and returns the result as li_transfer_result() does. Any
 * thread. */
int li_network_send(struct li_network *network, struct li_transfer *transfer);

/* These implement li_http_pause(), li_http_cancel() and li_http_stop() of http.h. */
int li_network_pause(struct li_network *network, const struct li_http_group *group,
                     unsigned milliseconds, struct li_error *err);
void li_network_cancel(struct li_network *network, struct li_http_group *group);
void li_network_stop(struct li_network *network);

/* Stops the thread, waits for its end, and closes all connections. NULL is allowed. */
void li_network_free(struct li_network *network);

#endif
