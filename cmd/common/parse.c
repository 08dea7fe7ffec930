/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines by getopt_long, from the tables. Options and operands may be mixed. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/io.h"
#include "base/text.h"
#include "cmd/common/command.h"

/* The command's options, then the common ones. An option's index in VALUE is its row. */
static const struct option_row *row(const struct command *command, int index)
{
    int own = 0;

    while (command->options && command->options[own].name)
        own++;
    return index < own ? &command->options[index] : &common_options[index - own];
}

static int has_arg(const char *argument)
{
    if (!argument)
        return no_argument;
    return argument[0] == '[' ? optional_argument : required_argument;
}

static int build(const struct command *command, struct option *longs, char *shorts)
{
    int count = 0;

    *shorts++ = ':'; /* distinguish a missing argument from an unknown option */
    for (; row(command, count)->name && count < OPTIONS_MAX; count++) {
        const struct option_row *r = row(command, count);

        longs[count] = (struct option){r->name, has_arg(r->argument), NULL, 256 + count};
        if (r->letter) {
            *shorts++ = r->letter;
            if (has_arg(r->argument) != no_argument)
                *shorts++ = ':';
            if (has_arg(r->argument) == optional_argument)
                *shorts++ = ':';
        }
    }
    longs[count] = (struct option){NULL, 0, NULL, 0};
    *shorts = '\0';
    return count;
}

static int index_of(const struct command *command, int count, int c)
{
    if (c >= 256)
        return c - 256;
    for (int i = 0; i < count; i++)
        if (row(command, i)->letter == c)
            return i;
    return -1;
}

/* The argument that getopt_long() rejected. For an option that it knows, optopt is what build()
 * made it. */
static int refuse_option(const struct command *command, int c, const char *last,
                         struct li_error *err)
{
    char text[128];

    if (optopt >= 256)
        snprintf(text, sizeof(text), "--%s %s", row(command, optopt - 256)->name,
                 c == ':' ? "needs an argument" : "takes no argument");
    else if (optopt)
        snprintf(text, sizeof(text), "-%c %s", optopt,
                 c == ':' ? "needs an argument" : "is not an option");
    else
        snprintf(text, sizeof(text), "%.80s is not an option", last);
    return li_fail(err, CMD_EUSAGE, "%s: %s; lambdaimg %s --help shows how", command->name, text,
                   command->name);
}

/* No name is empty. If an empty argument counted as no option, a script that forgot to set a
 * variable would silently use another key or bucket. */
static int refuse_empty(const struct command *command, int index, struct li_error *err)
{
    return li_fail(err, CMD_EUSAGE,
                   "%s: the argument of --%s is empty; lambdaimg %s --help shows how",
                   command->name, row(command, index)->name, command->name);
}

int parse_arguments(const struct command *command, int argc, char **argv, struct arguments *out,
                    struct li_error *err)
{
    struct option longs[OPTIONS_MAX + 1];
    char shorts[3 * OPTIONS_MAX + 2];
    int count = build(command, longs, shorts), c;

    *out = (struct arguments){.command = command};
    opterr = 0;
    while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        int i = index_of(command, count, c);

        if (c == '?' || c == ':' || i < 0)
            return refuse_option(command, c, argv[optind - 1], err);
        if (optarg && !*optarg)
            return refuse_empty(command, i, err);
        if (out->given_count == GIVEN_MAX)
            return li_fail(err, CMD_EUSAGE, "%s: more than %d options are given", command->name,
                           GIVEN_MAX);
        out->value[i] = optarg ? optarg : "";
        out->given[out->given_count].row = i;
        out->given[out->given_count++].value = out->value[i];
    }
    if (flag(out, "help")) {
        print_help(stdout, command);
        return LI_END;
    }
    out->count = argc - optind;
    if (out->count < command->least || out->count > command->most)
        return li_fail(err, CMD_EUSAGE, "%s: got %d operand%s, but expected %s", command->name,
                       out->count, li_text_s((uint64_t)out->count),
                       *command->operands ? command->operands : "none");
    for (int i = 0; i < out->count; i++)
        out->operand[i] = argv[optind + i];
    return 0;
}

/* The row of the option, or -1. */
static int find_option(const struct arguments *args, const char *name)
{
    for (int i = 0; row(args->command, i)->name; i++)
        if (strcmp(row(args->command, i)->name, name) == 0)
            return i;
    return -1;
}

bool takes_option(const struct arguments *args, const char *name)
{
    return find_option(args, name) >= 0;
}

const char *option(const struct arguments *args, const char *name)
{
    int i = find_option(args, name);

    return i < 0 ? NULL : args->value[i];
}

const char *option_next(const struct arguments *args, const char *name, int *at)
{
    int i = find_option(args, name);

    while (*at < args->given_count)
        if (args->given[(*at)++].row == i)
            return args->given[*at - 1].value;
    return NULL;
}

bool flag(const struct arguments *args, const char *name)
{
    return option(args, name) != NULL;
}

/* The power of two of a unit, or -1. */
static int unit_shift(const char *unit)
{
    static const char letters[] = "KMGT";
    const char *at;

    if (!*unit)
        return 0;
    at = strchr(letters, toupper((unsigned char)*unit));
    if (!at || (unit[1] && strcasecmp(unit + 1, "iB") != 0))
        return -1;
    return 10 * (int)(at - letters + 1);
}

int parse_size(const char *name, const char *text, uint64_t *out, struct li_error *err)
{
    const uint64_t most = UINT64_C(1) << 62;
    unsigned long long n = 0;
    char *end = NULL;
    int shift = -1;

    errno = 0;
    if (*text >= '0' && *text <= '9') {
        n = strtoull(text, &end, 10);
        shift = unit_shift(end);
    }
    if (errno != 0 || shift < 0 || n > most >> shift)
        return li_fail(err, CMD_EUSAGE,
                       "--%s %s: not a size such as 512M or 10G; K, M, G and T are powers of 1024",
                       name, text);
    *out = (uint64_t)n << shift;
    return 0;
}

int option_number(const struct arguments *args, const char *name, long long least, long long most,
                  long long *out, struct li_error *err)
{
    const char *text = option(args, name);
    char *end;
    long long n;

    if (!text)
        return 0;
    errno = 0;
    n = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < least || n > most)
        return li_fail(err, CMD_EUSAGE, "--%s %s: not a whole number from %lld to %lld", name, text,
                       least, most);
    *out = n;
    return 0;
}

int try_output(const struct arguments *args, struct li_error *err)
{
    const char *path = option(args, "output");

    if (!path)
        return 0;
    if (strcmp(path, "-") == 0)
        return li_fail(err, CMD_EUSAGE,
                       "an image is not written to standard output, where nobody can tell a whole "
                       "one from a part; name a file (./- for one called -)");
    return li_output_try(path, err);
}
