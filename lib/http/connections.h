/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that have gone silent.
 *
 * When a request times out over HTTP/1.1, libcurl closes its connection. Over HTTP/2 it keeps the
 * connection, because other requests share it. If the other end disappeared without a word, each
 * attempt gets the same dead connection, until TCP gives up after a quarter of an hour. So we shut
 * it down here, unless an answer came on it while the request waited. libcurl then sees its end:
 * requests on it fail at once, and later ones use another connection. For one thread at a time.
 */
#ifndef LI_HTTP_CONNECTIONS_H
#define LI_HTTP_CONNECTIONS_H

#include <stdint.h>

#include "http/curl.h"

enum { LI_CONNECTIONS_MAX = 256 }; /* further connections are left to TCP */

struct li_connection {
    curl_socket_t socket;
    uint64_t heard; /* when an answer last came on it; 0: never */
};

/* Zero-initialise it; it must outlive all connections. */
struct li_connections {
    struct li_connection open[LI_CONNECTIONS_MAX];
    unsigned count;
};

/* For CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION, whose data is the connections. */
curl_socket_t li_connections_open(void *connections, curlsocktype purpose,
                                  struct curl_sockaddr *address);
int li_connections_close(void *connections, curl_socket_t socket);

/* An answer came on the connection from the local port PORT. NOW is in milliseconds of a monotonic
 * clock. */
void li_connections_heard(struct li_connections *connections, long port, uint64_t now);

/* Bytes sent on that connection that the other end has not confirmed yet; 0 for an unknown port. */
int li_connections_unconfirmed(struct li_connections *connections, long port);

/* A request on that connection waited PATIENCE milliseconds in vain: shuts the connection down if
 * nothing came on it in that time. An unknown port is ignored. */
void li_connections_silent(struct li_connections *connections, long port, uint64_t patience,
                           uint64_t now);

#endif
