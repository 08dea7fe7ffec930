/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of the user's that answer a question: they get some input, print an answer and end.
 *
 * There is no shell. A program gets the default signal actions, no descriptors but the standard
 * three, and a limited time. All of its output is bounded. Input and output may be secret, and are
 * wiped.
 */
#ifndef LI_BASE_PROGRAM_H
#define LI_BASE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

enum {
    LI_PROGRAM_OUTPUT_MAX = 65536, /* bytes of standard output, and as many of standard error */
    LI_PROGRAM_SAID_MAX = 200,     /* bytes of its last line of standard error in our message */
    LI_PROGRAM_TRY_LATER = 75,     /* EX_TEMPFAIL of <sysexits.h>, as an exit status */
};

/* Everything is borrowed for the call. */
struct li_program {
    char **words;          /* its name, looked for in PATH, and its arguments; NULL-terminated */
    const char *directory; /* where it runs; NULL, or one that is gone: our directory */
    const void *input;     /* its standard input; NULL: /dev/null */
    size_t input_len;
    unsigned seconds; /* the longest time it may take; 0: no limit */
    /* Names of variables that are left out of its environment, which else is ours;
     * NULL-terminated. NULL: none. */
    const char *const *without;
    /* It gets a process group of its own, which is killed as a whole when its time is over. So it
     * cannot ask on the terminal. */
    bool own_group;
    /* Called for each line that a program prints to standard error, except for the last one of a
     * program that failed, which is in the error. TEXT is safe for a terminal. NULL: nobody. */
    void (*notice)(void *arg, const char *text);
    void *notice_arg;
};

/* Runs PROGRAM until it ends. OUT, which is replaced, gets what it printed to standard output; the
 * caller frees it with li_buffer_wipe_free(), also on failure. A program that does not read its
 * input has not failed. Processes that the program leaves behind are not waited for. Errors:
 * LI_EDENIED if it ended with an exit status other than 0; LI_ENETWORK if the status was
 * LI_PROGRAM_TRY_LATER, or if its time was over; LI_ELIMIT if it printed too much; LI_EIO and the
 * like if it could not be started, or was ended by a signal. Any thread. */
int li_program_run(const struct li_program *program, struct li_buffer *out, struct li_error *err);

#endif
