/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subcommands: one file each, under one table. Help, man pages and completion come from the table.
 */
#ifndef LI_CMD_COMMAND_H
#define LI_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/env.h"
#include "base/error.h"

/* Exit codes. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SAID_NO = 3 };

/* In addition to enum li_err: the command line is wrong. Ends in EXIT_USAGE. */
enum { CMD_EUSAGE = -100 };

struct option_row {
    const char *name;     /* long name without dashes; NULL ends a table */
    char letter;          /* short form, or 0 */
    const char *argument; /* its argument, "FILE"; NULL: none; "[FILE]": optional */
    const char *help;
};

enum { OPTIONS_MAX = 40, OPERANDS_MAX = 8, GIVEN_MAX = 64 };

struct command;

/* A parsed command line. */
struct arguments {
    const struct command *command;
    const char *value[OPTIONS_MAX]; /* by row of the command's options; NULL: not given */
    struct {
        int row;
        const char *value;
    } given[GIVEN_MAX]; /* all of them, in order, for options that may be repeated */
    int given_count;
    int count;
    char *operand[OPERANDS_MAX];
};

struct command {
    const char *name;
    const char *operands; /* "IMAGE [REF]" */
    const char *summary;
    int least, most;                  /* operands */
    const struct option_row *options; /* in addition to the common ones */
    int (*run)(const struct arguments *args, struct li_error *err); /* exit code, or enum li_err */
};

extern const struct command *const commands[]; /* NULL-terminated */
extern const struct option_row common_options[];

/* Parses the arguments after the command's name. LI_END if help was requested and printed;
 * CMD_EUSAGE. */
int parse_arguments(const struct command *command, int argc, char **argv, struct arguments *out,
                    struct li_error *err);

/* The option's argument, "" for an option without one, or NULL if the option was not given. */
const char *option(const struct arguments *args, const char *name);

/* The arguments of an option that may be repeated, one for each call, beginning with *AT 0; NULL
 * after the last. */
const char *option_next(const struct arguments *args, const char *name, int *at);

/* Whether the command has the option. */
bool takes_option(const struct arguments *args, const char *name);

/* Whether the option was given. */
bool flag(const struct arguments *args, const char *name);

/* A whole number from LEAST to MOST; *OUT does not change if the option was not given. CMD_EUSAGE.
 */
int option_number(const struct arguments *args, const char *name, long long least, long long most,
                  long long *out, struct li_error *err);

/* Bytes: a whole number, optionally followed by K, M, G or T, powers of 1024 (also KiB and so on);
 * at most 2^62. Returns 0, or CMD_EUSAGE, which names the option. */
int parse_size(const char *name, const char *text, uint64_t *out, struct li_error *err);

/* Whether the file that --output names, if it was given, can be created now. CMD_EUSAGE if it is
 * "-", because an image must be complete before a byte of it may be used. */
int try_output(const struct arguments *args, struct li_error *err);

/* Prints the reason of a failure on standard error, and returns the exit code for it. */
int tell(const struct li_error *err);

/* help.c */
void print_usage(FILE *to);

/* The purpose of COMMAND, and its options. */
void print_help(FILE *to, const struct command *command);
void print_table(FILE *to); /* for the man pages and completion */

extern const struct command command_cache, command_convert, command_diff, command_init,
    command_inspect, command_key, command_ls, command_mount, command_pull, command_push,
    command_report, command_rm, command_umount, command_verify;

#endif
