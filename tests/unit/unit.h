/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka in the order it wants, and checks for the library's
 * results. */
#ifndef LI_TESTS_UNIT_H
#define LI_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h comes last: it needs the others. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/env.h"
#include "base/error.h"

/* Whether this is a build under a sanitizer, which takes more time and memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

/* The bytes of TEXT without its NUL, borrowed, as a buffer. */
#define unit_bytes(text)                                                                           \
    (&(const struct li_buffer){.data = (uint8_t *)(uintptr_t)(text), .len = strlen(text)})

/* The call succeeds; its error text is shown where it does not. */
#define assert_done(call, err)                                                                     \
    do {                                                                                           \
        int assert_done_rc = (call);                                                               \
        if (assert_done_rc < 0)                                                                    \
            fail_msg("%s: %d: %s", #call, assert_done_rc, (err)->text);                            \
    } while (0)

/* The call fails with CODE, and its text contains WORDS. */
#define assert_fails(call, want, words, err)                                                       \
    do {                                                                                           \
        int assert_fails_rc = (call);                                                              \
        if (assert_fails_rc != (want))                                                             \
            fail_msg("%s: %d, not %d: %s", #call, assert_fails_rc, (want), (err)->text);           \
        if (!strstr((err)->text, (words)))                                                         \
            fail_msg("%s: \"%s\" lacks \"%s\"", #call, (err)->text, (words));                      \
    } while (0)

/* Repeatable "randomness" and a fixed clock. */
static inline int unit_random(void *buf, size_t len, struct li_error *err)
{
    static uint32_t state = 12345;

    (void)err;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525 + 1013904223;
        ((uint8_t *)buf)[i] = (uint8_t)(state >> 24);
    }
    return 0;
}

static inline int64_t unit_now(void)
{
    return 1700000000;
}

/* Of a clock that only goes forward. */
static inline uint64_t unit_milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static const struct li_env unit_env __attribute__((unused)) = {unit_random, unit_now, "/tmp", 2};

#endif
