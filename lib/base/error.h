/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of the library.
 *
 * A function that can fail returns 0, or a negative `enum li_err`; a positive value (LI_END) says
 * "end" or "absent" where its header says so. Its last parameter is a `struct li_error` that the
 * function fills in on failure. Callers add context with li_context(), outermost last, so that the
 * text reads as one sentence from the outside in: what failed, on what, why.
 *
 * A code means what the header of the function that returned it says, and nothing further up
 * (D15): that a store has no such object does not say that an image has no such file. So whoever
 * needs what it asks for passes the result through li_as_failure().
 *
 * A `struct li_error` belongs to one thread at a time; the caller owns it, and it holds no
 * resources. All functions here are safe in any thread.
 */
#ifndef LI_BASE_ERROR_H
#define LI_BASE_ERROR_H

#include <stdint.h>

enum li_err {
    LI_OK = 0,
    LI_ENOTFOUND = -1,    /* what was named does not exist */
    LI_ECORRUPT = -2,     /* bytes that fail a check, or do not follow their format */
    LI_EDENIED = -3,      /* permission, or a key that does not fit */
    LI_EIO = -4,          /* a read or write failed, mostly in the operating system */
    LI_ENETWORK = -5,     /* a passing failure of a remote store: the only code that is retried */
    LI_ENOMEM = -6,       /* no memory */
    LI_ELIMIT = -7,       /* input over a named limit */
    LI_EUNSUPPORTED = -8, /* valid input that lambdaimg does not handle */
    LI_EINVALID = -9,     /* an argument or a configuration that cannot be used */
    LI_EEXISTS = -10,     /* what was to be made is there already */
    LI_ECHANGED = -11,    /* a conditional write lost its race */
    LI_ECANCELLED = -12,  /* stopped because another worker failed, or on request */
};

/* "The end", or "absent": a normal outcome that is not success. */
enum { LI_END = 1 };

enum { LI_ERROR_TEXT_MAX = 1024 };

struct li_error {
    int code;                     /* enum li_err; LI_OK before anything failed */
    int sys;                      /* errno at the failure, or 0 */
    uint64_t part;                /* of what failed: one number for each part, not 0; 0: not said.
                                   * For whoever tells a failure once for each */
    char text[LI_ERROR_TEXT_MAX]; /* one sentence without a final full stop; "" before */
};

#define LI_ERROR_INIT                                                                              \
    {                                                                                              \
        0, 0, 0, ""                                                                                \
    }

/* Fills *err with CODE and the formatted text; returns CODE. What li_text_show() replaces in the
 * text is shown as '?', so that hostile names cannot steer a terminal. */
int li_fail(struct li_error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same from an errno: the code is derived from SYS, and ": strerror" is added to the text. */
int li_fail_errno(struct li_error *err, int sys, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* LI_ENOMEM with its text. */
int li_fail_memory(struct li_error *err);

/* Puts "formatted text: " before the text; returns err->code. */
int li_context(struct li_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* RC, and its ERR, as the result of a read that has no other answers than bytes. What was an answer
 * where it came from is a failure here, its text kept: LI_ENOTFOUND and LI_ELIMIT become
 * LI_ECORRUPT; LI_EINVALID, LI_EUNSUPPORTED, LI_EEXISTS, LI_ECHANGED and every positive value
 * LI_EIO. So only 0, LI_ECORRUPT, LI_EDENIED, LI_EIO, LI_ENETWORK, LI_ENOMEM and LI_ECANCELLED are
 * returned. */
int li_as_failure(int rc, struct li_error *err);

/* Back to "nothing failed". */
void li_error_clear(struct li_error *err);

#endif
