/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that have gone silent.
 *
 * Where a request times out over HTTP/1.1 libcurl closes its connection. Over HTTP/2 it keeps it,
 * since others share it; one whose other end has gone without a word is then given to each attempt
 * anew, until TCP gives up after a quarter of an hour. So it is shut down here, unless an answer
 * came by it while the request waited for its own. libcurl then finds it at its end: what is still
 * under way on it fails at once, and what follows goes by another. For one thread at a time.
 */
#ifndef LI_HTTP_CONNECTIONS_H
#define LI_HTTP_CONNECTIONS_H

#include <curl/curl.h>
#include <stdint.h>

enum { LI_CONNECTIONS_MAX = 256 }; /* what is beyond that is left to TCP */

struct li_connection {
    curl_socket_t socket;
    uint64_t heard; /* when an answer came by it last; 0: never */
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

/* An answer came by the connection from the local port PORT. NOW is in milliseconds of a clock that
 * only goes forward. */
void li_connections_heard(struct li_connections *connections, long port, uint64_t now);

/* A request by that connection waited PATIENCE milliseconds in vain: shuts it down where nothing
 * was heard in that time. A port that is none of these is ignored. */
void li_connections_silent(struct li_connections *connections, long port, uint64_t patience,
                           uint64_t now);

#endif
