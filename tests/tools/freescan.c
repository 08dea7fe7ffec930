/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freescan: a library for LD_PRELOAD that looks at all memory that is freed. Where it still holds a
 * secret of the file FREESCAN_SECRETS (of secrets), a line of FREESCAN_OUT gets the secret's name,
 * and the program or library that freed it.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECRETS_MAX = 32, SECRET_MAX = 256, LINE = 4096 };

struct secret {
    char name[32];
    size_t len;
    unsigned char bytes[SECRET_MAX];
};

void __libc_free(void *memory);
void *__libc_malloc(size_t size);

static struct secret secrets[SECRETS_MAX];
static size_t count;
static int out = -1;

static void read_secret(const char *line)
{
    struct secret *secret = &secrets[count];
    char hex[2 * SECRET_MAX + 1];

    if (count == SECRETS_MAX || sscanf(line, "%31s %512s", secret->name, hex) != 2)
        return;
    while (hex[2 * secret->len] &&
           sscanf(hex + 2 * secret->len, "%2hhx", &secret->bytes[secret->len]) == 1)
        secret->len++;
    count++;
}

__attribute__((constructor)) static void begin(void)
{
    const char *from = getenv("FREESCAN_SECRETS"), *to = getenv("FREESCAN_OUT");
    FILE *file = from ? fopen(from, "re") : NULL;
    char line[LINE];

    if (!file || !to)
        return;
    while (fgets(line, sizeof(line), file))
        read_secret(line);
    fclose(file);
    out = open(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* One write, so that threads do not mix their lines. */
static void report(const struct secret *secret, const void *caller)
{
    char text[LINE];
    Dl_info where = {.dli_fname = "?"};
    const char *name;
    int len;

    dladdr(caller, &where);
    name = strrchr(where.dli_fname, '/');
    len = snprintf(text, sizeof(text), "%s %s\n", secret->name, name ? name + 1 : where.dli_fname);
    if (write(out, text, (size_t)len) != len)
        abort();
}

static void look(const void *memory, const void *caller)
{
    size_t size = malloc_usable_size((void *)memory);

    for (size_t i = 0; i < count; i++)
        if (memmem(memory, size, secrets[i].bytes, secrets[i].len))
            report(&secrets[i], caller);
}

void free(void *memory)
{
    if (memory && out >= 0)
        look(memory, __builtin_return_address(0));
    __libc_free(memory);
}

/* As one that always moves, so that what it leaves behind is looked at. */
void *realloc(void *memory, size_t size)
{
    size_t old = memory ? malloc_usable_size(memory) : 0;
    void *moved = __libc_malloc(size);

    if (!moved)
        return NULL;
    if (memory) {
        memcpy(moved, memory, old < size ? old : size);
        if (out >= 0)
            look(memory, __builtin_return_address(0));
        __libc_free(memory);
    }
    return moved;
}
