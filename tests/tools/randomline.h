/* SPDX-License-Identifier: Apache-2.0 */
/* Chance, and what randomstack's lines say of an entry besides where it goes. */
#ifndef LI_TESTS_RANDOMLINE_H
#define LI_TESTS_RANDOMLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The seed, and what became of it. */
extern uint64_t random_state;

/* 0 to LIMIT - 1 */
unsigned pick(unsigned limit);
bool chance(unsigned percent);

#define pick_of(list) (list)[pick(sizeof(list) / sizeof((list)[0]))]

enum { LINE = 12000 };

/* A line of a description for mktar. Zero-initialise its length. */
struct line {
    char text[LINE];
    size_t len;
};

void add(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Keys; TYPE is the d, f, l, or another. */
void add_owner(struct line *line);
void add_time(struct line *line);
void add_content(struct line *line);
void add_attributes(struct line *line, char type);

#endif
