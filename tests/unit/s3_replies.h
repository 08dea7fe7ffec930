/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What servers of S3 answer, for an array of struct http_reply; the first five are texts that
 * others are made of.
 */
#ifndef LI_TESTS_S3_REPLIES_H
#define LI_TESTS_S3_REPLIES_H

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define NO_CONTENT "HTTP/1.1 204 No Content\r\n\r\n"
#define EXISTS_NOT "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n"
#define ABSENT "HTTP/1.1 404 Not Found\r\nx-amz-id-2: the-host\r\nContent-Length: 0\r\n\r\n"
#define ERROR_END "\r\nConnection: close\r\n\r\n<?xml version=\"1.0\"?><Error><Code>"

#define DONE                                                                                       \
    {                                                                                              \
        .bytes = OK_EMPTY                                                                          \
    }
#define MISSING                                                                                    \
    {                                                                                              \
        .bytes = ABSENT                                                                            \
    }
#define REFUSED                                                                                    \
    {                                                                                              \
        .bytes = EXISTS_NOT                                                                        \
    }
#define HELLO                                                                                      \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"                               \
    }
#define NOTHING                                                                                    \
    {                                                                                              \
        .bytes = "HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n"                                  \
    }
#define GONE                                                                                       \
    {                                                                                              \
        .bytes = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", .close = true             \
    }

/* LINE is a status and a reason. */
#define STATUS(line, code)                                                                         \
    {                                                                                              \
        .bytes = "HTTP/1.1 " line ERROR_END code "</Code></Error>", .close = true                  \
    }

#define ANSWER(xml)                                                                                \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\n", .body = xml                                                \
    }

#define TWICE(...) __VA_ARGS__, __VA_ARGS__
/* What cannot be read is asked for so often. */
#define FOUR(...) TWICE(__VA_ARGS__), TWICE(__VA_ARGS__)

#endif
