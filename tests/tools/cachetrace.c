/* SPDX-License-Identifier: Apache-2.0
 *
 * cachetrace DIR CHUNKS: reads a trace, one number in each line, and asks the disk cache in DIR,
 * which has room for CHUNKS chunks, for each of them, as a mount would. Each chunk has 4,096 bytes
 * here. Prints how many questions there were, and how many chunks were there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sha256.h"
#include "diskcache/internal.h"

enum { LEN = 4096 };

static void ask(struct li_diskcache *cache, unsigned long number, struct li_buffer *bytes)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t text[8], name[LI_NAME_SIZE];

    li_put_le64(text, number);
    if (li_sha256(text, sizeof(text), name, &err) < 0 || li_buffer_reserve(bytes, LEN, &err) < 0)
        exit(2);
    if (li_copy_read(cache, name, bytes)) {
        atomic_fetch_add(&cache->hits, 1);
        return;
    }
    atomic_fetch_add(&cache->misses, 1);
    bytes->len = LEN;
    li_copy_add(cache, name, bytes);
}

int main(int argc, char **argv)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_diskcache *cache = NULL;
    struct li_diskcache_counts counts;
    struct li_buffer bytes = {0};
    char line[32];

    if (argc != 3)
        return fprintf(stderr, "usage: cachetrace DIR CHUNKS\n"), 2;
    if (li_diskcache_open(argv[1], strtoull(argv[2], NULL, 10) * LEN, &cache, &err) < 0)
        return fprintf(stderr, "cachetrace: %s\n", err.text), 2;
    while (fgets(line, sizeof(line), stdin))
        ask(cache, strtoul(line, NULL, 10), &bytes);
    li_diskcache_counts(cache, &counts);
    printf("%llu %llu\n", (unsigned long long)(counts.hits + counts.misses),
           (unsigned long long)counts.hits);
    li_buffer_free(&bytes);
    li_diskcache_free(cache);
    return 0;
}
