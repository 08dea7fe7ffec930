/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 messages on sockets, as far as faultproxy has to know them to spoil them. */
#ifndef LI_TESTS_MESSAGE_H
#define LI_TESTS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise it; message_free() returns it to that. */
struct message {
    char *data; /* head and body as they came, and a NUL */
    size_t len, room;
    size_t head; /* bytes of the head, with its empty line */
};

/* Reads a head, and nothing behind it that has not come with it; false at the end of the
 * connection, or where there is no end to the head. */
bool message_read_head(int fd, struct message *message);

/* Reads the body that the head tells of; false where it does not come whole. */
bool message_read_body(int fd, struct message *message);

/* A reply's; 0 where there is none. */
int message_status(const struct message *message);

/* Sends all of it; false where the other side does not take it. */
bool send_all(int fd, const void *data, size_t len);

void message_free(struct message *message);

#endif
