/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of the library.
 *
 * A function that can fail returns 0 or a negative `enum li_err`. A positive value (LI_END) means
 * "end" or "absent", if its header says so. Its last parameter is a `struct li_error`, which it
 * fills in on failure. Callers add context with li_context(), outermost last, so that the text
 * reads as one sentence from the outside in: what failed, on what, why.
 *
 * A code has the meaning that the header of the function that returned it gives it, and no meaning
 * further up (D15): that a store lacks an object does not mean that an image lacks a file. So
 * whoever cannot do without the thing passes the result through li_as_failure().
 *
 * A `struct li_error` belongs to one thread at a time. The caller owns it, and it holds no
 * resources. All functions here are safe in any thread.
 */
#ifndef LI_BASE_ERROR_H
#define LI_BASE_ERROR_H

#include <stdint.h>

enum li_err {
    LI_OK = 0,
    LI_ENOTFOUND = -1, /* the thing that was named does not exist */
    LI_ECORRUPT = -2,  /* bytes fail a check, or do not follow their format */
    LI_EDENIED = -3,   /* no permission, or the wrong key */
    LI_EIO = -4,       /* a read or write failed, mostly in the operating system */
    LI_ENETWORK =
        -5, /* a remote store failed in a way that may pass: the only code that is retried */
    LI_ENOMEM = -6,       /* no memory */
    LI_ELIMIT = -7,       /* input over a named limit */
    LI_EUNSUPPORTED = -8, /* valid input that lambdaimg does not handle */
    LI_EINVALID = -9,     /* an argument or a setting that cannot be used */
    LI_EEXISTS = -10,     /* the thing to be made exists already */
    LI_ECHANGED = -11,    /* a conditional write lost its race */
    LI_ECANCELLED = -12,  /* stopped because another worker failed, or on request */
};

/* "The end" or "absent": a normal outcome that is not success. */
enum { LI_END = 1 };

enum { LI_ERROR_TEXT_MAX = 1024 };

struct li_error {
    int code;      /* enum li_err; LI_OK before anything failed */
    int sys;       /* errno at the failure, or 0 */
    uint64_t part; /* which part failed: a number for each part; 0: not said. For callers that
                      report each failure once */
    char text[LI_ERROR_TEXT_MAX]; /* one sentence without a final full stop; "" before */
};

#define LI_ERROR_INIT                                                                              \
    {                                                                                              \
        0, 0, 0, ""                                                                                \
    }

/* Fills *err with CODE and the formatted text; returns CODE. Characters that li_text_show()
 * replaces become '?', so that hostile names cannot control a terminal. */
int li_fail(struct li_error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same from an errno: SYS gives the code, and ": strerror" is added to the text. */
int li_fail_errno(struct li_error *err, int sys, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* LI_ENOMEM and its text. */
int li_fail_memory(struct li_error *err);

/* Puts "formatted text: " before the text; returns err->code. */
int li_context(struct li_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Turns RC and ERR into the result of a read that can only give bytes or fail. An answer of an
 * inner function is a failure here; its text is kept. LI_ENOTFOUND and LI_ELIMIT become
 * LI_ECORRUPT; LI_EINVALID, LI_EUNSUPPORTED, LI_EEXISTS, LI_ECHANGED and every positive value
 * become LI_EIO. So only 0, LI_ECORRUPT, LI_EDENIED, LI_EIO, LI_ENETWORK, LI_ENOMEM and
 * LI_ECANCELLED are returned. */
int li_as_failure(int rc, struct li_error *err);

/* Back to "nothing failed". */
void li_error_clear(struct li_error *err);

#endif
