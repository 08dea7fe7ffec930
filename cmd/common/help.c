/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/common/command.h"

void print_usage(FILE *to)
{
    fprintf(to, "usage: lambdaimg COMMAND [OPTION...] ...\n\n");
    for (size_t i = 0; commands[i]; i++)
        fprintf(to, "  %-8s %-16s %s\n", commands[i]->name, commands[i]->operands,
                commands[i]->summary);
    fprintf(to,
            "\nlambdaimg COMMAND --help lists the options of a command. See also lambdaimg(1).\n");
}

static void print_option(FILE *to, const struct option_row *r)
{
    char left[64];
    bool optional = r->argument && r->argument[0] == '[';
    int n = r->letter ? snprintf(left, sizeof(left), "-%c, ", r->letter)
                      : snprintf(left, sizeof(left), "    ");

    if (optional)
        snprintf(left + n, sizeof(left) - (size_t)n, "--%s[=%.*s]", r->name,
                 (int)strlen(r->argument) - 2, r->argument + 1);
    else
        snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", r->name, r->argument ? " " : "",
                 r->argument ? r->argument : "");
    fprintf(to, "  %-28s %s\n", left, r->help);
}

void print_help(FILE *to, const struct command *command)
{
    fprintf(to, "usage: lambdaimg %s [OPTION...] %s\n\n%s\n\n", command->name, command->operands,
            command->summary);
    for (const struct option_row *r = command->options; r && r->name; r++)
        print_option(to, r);
    for (const struct option_row *r = common_options; r->name; r++)
        print_option(to, r);
}

/* One line for each command and option, with fields separated by tabs. */
void print_table(FILE *to)
{
    for (size_t i = 0; commands[i]; i++) {
        const struct command *c = commands[i];

        fprintf(to, "command\t%s\t%s\t%s\n", c->name, c->operands, c->summary);
        for (const struct option_row *r = c->options; r && r->name; r++)
            fprintf(to, "option\t%s\t%s\t%c\t%s\t%s\n", c->name, r->name,
                    r->letter ? r->letter : '-', r->argument ? r->argument : "", r->help);
    }
    for (const struct option_row *r = common_options; r->name; r++)
        fprintf(to, "option\t\t%s\t%c\t%s\t%s\n", r->name, r->letter ? r->letter : '-',
                r->argument ? r->argument : "", r->help);
}
