/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/message.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { HEAD_MAX = 1 << 16, MESSAGE_MAX = 64 << 20 };

bool send_all(int fd, const void *data, size_t len)
{
    const char *from = data;

    while (len > 0) {
        ssize_t n = send(fd, from, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        from += n;
        len -= (size_t)n;
    }
    return true;
}

void message_free(struct message *message)
{
    free(message->data);
    *message = (struct message){0};
}

/* Reads once, at most MOST bytes. */
static bool read_more(int fd, struct message *message, size_t most)
{
    ssize_t n;

    if (message->len + most + 1 > message->room) {
        size_t room = 2 * message->room + most + 1;
        char *grown = room <= MESSAGE_MAX ? realloc(message->data, room) : NULL;

        if (!grown)
            return false;
        message->data = grown;
        message->room = room;
    }
    do
        n = recv(fd, message->data + message->len, most, 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return false;
    message->len += (size_t)n;
    message->data[message->len] = '\0';
    return true;
}

/* Reads up to LEN bytes of the message in all. */
static bool read_to(int fd, struct message *message, size_t len)
{
    while (message->len < len)
        if (!read_more(fd, message, len - message->len))
            return false;
    return true;
}

bool message_read_head(int fd, struct message *message)
{
    const char *end;

    while (message->len < HEAD_MAX) {
        if (!read_more(fd, message, 4096))
            return false;
        end = strstr(message->data, "\r\n\r\n");
        if (end) {
            message->head = (size_t)(end - message->data) + 4;
            return true;
        }
    }
    return false;
}

/* The value of a header, to the end of its line and what follows; NULL for none. NAME begins with
 * a line break and ends with a colon. */
static const char *header(const struct message *message, const char *name)
{
    const char *at = message->data ? strcasestr(message->data, name) : NULL;

    if (!at || at >= message->data + message->head - 2)
        return NULL;
    at += strlen(name);
    return at + strspn(at, " \t");
}

/* Reads on until the line that begins at AT is whole; *NEXT is where the one behind it begins. */
static bool read_line(int fd, struct message *message, size_t at, size_t *next)
{
    const char *end;

    while (!(end = memmem(message->data + at, message->len - at, "\r\n", 2)))
        if (!read_more(fd, message, 1))
            return false;
    *next = (size_t)(end - message->data) + 2;
    return true;
}

static bool read_chunked(int fd, struct message *message)
{
    size_t at = message->head, next;
    unsigned long long size = 1;

    while (size > 0) {
        if (!read_line(fd, message, at, &next))
            return false;
        size = strtoull(message->data + at, NULL, 16);
        if (size > MESSAGE_MAX || !read_to(fd, message, next + (size_t)size + 2))
            return false;
        at = next + (size_t)size + 2;
    }
    return true;
}

bool message_read_body(int fd, struct message *message)
{
    const char *length = header(message, "\r\ncontent-length:");
    const char *coding = header(message, "\r\ntransfer-encoding:");
    unsigned long long len = length ? strtoull(length, NULL, 10) : 0;

    if (coding && strncasecmp(coding, "chunked", 7) == 0)
        return read_chunked(fd, message);
    return len <= MESSAGE_MAX && read_to(fd, message, message->head + (size_t)len);
}

int message_status(const struct message *message)
{
    int status = 0;

    return message->head && sscanf(message->data, "HTTP/1.%*1d %3d", &status) == 1 ? status : 0;
}
