/* SPDX-License-Identifier: Apache-2.0 */
/*
 * costly SEED OUT.tar [MIB]: writes an image that costs as much as it can for what it weighs, the
 * same for a seed, and prints one line: what it has; the bytes of its layers and documents,
 * uncompressed; and the entries of its layers, with the directories that only paths lead through.
 * A layer counts once, however often it is named. `costly kinds` prints how many kinds there are.
 *
 * The first seeds have one kind each, in order, and the others two. A layer has MIB of each kind at
 * most, or by chance less; 16 by default.
 */
#include "tests/tools/costly.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/randomline.h"

static const struct costly_kind *const tables[] = {costly_documents, costly_paths, costly_records,
                                                   costly_sparse};

/* The kind of that NUMBER, or NULL. */
static const struct costly_kind *find(uint64_t number)
{
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct costly_kind *kind = tables[t]; kind->name; kind++)
            if (number-- == 0)
                return kind;
    return NULL;
}

static unsigned count_kinds(void)
{
    unsigned count = 0;

    while (find(count))
        count++;
    return count;
}

static void add_kind(struct costly *c, const struct costly_kind *kind, size_t most)
{
    static const unsigned parts[] = {1, 1, 4, 16};

    c->part++;
    c->room = c->lower.len > c->upper.len ? c->lower.len : c->upper.len;
    c->room += most / pick_of(parts);
    kind->make(c);
    printf("%s%s", c->part > 1 ? ", and " : "", kind->name);
}

int main(int argc, char **argv)
{
    unsigned kinds = count_kinds();
    struct costly c = {.uppers = 1};
    uint64_t seed, bytes;
    size_t most;

    if (argc == 2 && strcmp(argv[1], "kinds") == 0)
        return printf("%u\n", kinds) < 0;
    if (argc != 3 && argc != 4)
        errx(2, "usage: costly SEED OUT.tar [MIB]");
    random_state = seed = strtoull(argv[1], NULL, 10);
    most = (argc == 4 ? strtoul(argv[3], NULL, 10) : 16) << 20;
    add_kind(&c, find(seed % kinds), most);
    if (seed >= kinds)
        add_kind(&c, find(pick(kinds)), most);
    bytes = costly_write(&c, argv[2]);
    printf(": %" PRIu64 " bytes, %" PRIu64 " entries\n", bytes, c.entries);
    li_buffer_free(&c.lower);
    li_buffer_free(&c.upper);
    li_buffer_free(&c.more);
    return 0;
}
