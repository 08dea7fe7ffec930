/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl reports the local port of a request's connection. It does not report its socket while
 * other requests use it. So we open the sockets ourselves and search them by port; there are few.
 */
#include "http/connections.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

curl_socket_t li_connections_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct li_connections *connections = arg;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    (void)purpose;
    if (fd >= 0 && connections->count < LI_CONNECTIONS_MAX)
        connections->open[connections->count++] = (struct li_connection){.socket = fd};
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

int li_connections_close(void *arg, curl_socket_t socket)
{
    struct li_connections *connections = arg;
    unsigned i = 0;

    while (i < connections->count && connections->open[i].socket != socket)
        i++;
    if (i < connections->count)
        connections->open[i] = connections->open[--connections->count];
    return close(socket);
}

/* 0 if it has none. */
static long local_port(curl_socket_t socket)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t len = sizeof(address);

    if (getsockname(socket, &address.any, &len) < 0)
        return 0;
    if (address.any.sa_family == AF_INET)
        return ntohs(address.v4.sin_port);
    return address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) : 0;
}

static struct li_connection *find(struct li_connections *connections, long port)
{
    for (unsigned i = 0; i < connections->count && port > 0; i++)
        if (local_port(connections->open[i].socket) == port)
            return &connections->open[i];
    return NULL;
}

void li_connections_heard(struct li_connections *connections, long port, uint64_t now)
{
    struct li_connection *connection = find(connections, port);

    if (connection)
        connection->heard = now;
}

int li_connections_unconfirmed(struct li_connections *connections, long port)
{
    const struct li_connection *connection = find(connections, port);
    int bytes = 0;

    return connection && ioctl(connection->socket, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

void li_connections_silent(struct li_connections *connections, long port, uint64_t patience,
                           uint64_t now)
{
    struct li_connection *connection = find(connections, port);

    if (connection && (!connection->heard || now - connection->heard >= patience))
        shutdown(connection->socket, SHUT_RDWR);
}
