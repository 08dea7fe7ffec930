/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries are collected first and printed at the end: the order must not be that of the directory,
 * and the lowest path of a group of hard links is known only when all are.
 */
#include "tests/tools/listing.h"

#include <err.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct listing_entry *listing_add(struct listing *listing, const char *dir, const char *name)
{
    struct listing_entry *entry;

    if (listing->count == listing->cap) {
        listing->cap = listing->cap ? 2 * listing->cap : 256;
        listing->entries = realloc(listing->entries, listing->cap * sizeof(*listing->entries));
        if (!listing->entries)
            err(1, "listing");
    }
    entry = &listing->entries[listing->count++];
    memset(entry, 0, sizeof(*entry));
    if (asprintf(&entry->path, "%s%s%s", dir, *dir ? "/" : "", name) < 0)
        err(1, "listing");
    return entry;
}

void listing_attribute(struct listing_entry *entry, const char *name, const void *value,
                       size_t size)
{
    struct listing_attr *attr;

    entry->attrs = realloc(entry->attrs, (entry->attr_count + 1) * sizeof(*entry->attrs));
    if (!entry->attrs)
        err(1, "listing");
    attr = &entry->attrs[entry->attr_count++];
    attr->name = strdup(name);
    attr->value = malloc(size ? size : 1);
    attr->size = size;
    if (!attr->name || !attr->value)
        err(1, "listing");
    memcpy(attr->value, value, size);
}

void listing_sha256(ssize_t (*read)(void *arg, void *buf, size_t len), void *arg,
                    unsigned char digest[32])
{
    static unsigned char buf[1 << 18];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    ssize_t n;

    if (!md || !EVP_DigestInit_ex(md, EVP_sha256(), NULL))
        errx(1, "SHA-256 is not there");
    while ((n = read(arg, buf, sizeof(buf))) > 0)
        EVP_DigestUpdate(md, buf, (size_t)n);
    EVP_DigestFinal_ex(md, digest, NULL);
    EVP_MD_CTX_free(md);
}

static void print_text(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p <= ' ' || *p >= 0x7f || *p == '\\')
            printf("\\x%02x", *p);
        else
            putchar(*p);
    }
}

static void print_hex(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
}

static char type_of(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFREG:
        return 'f';
    case S_IFLNK:
        return 'l';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    default:
        return '?';
    }
}

static void print_entry(const struct listing_entry *e, const struct listing_entry *first)
{
    print_text(e->path);
    printf(" %c %04o %u:%u", type_of(e->mode), e->mode & 07777, e->uid, e->gid);
    if (S_ISREG(e->mode) || S_ISLNK(e->mode))
        printf(" size=%" PRIu64, e->size);
    if (S_ISCHR(e->mode) || S_ISBLK(e->mode))
        printf(" rdev=%u,%u", e->major, e->minor);
    printf(" links=%u mtime=%" PRId64 ".%09u", e->links, e->mtime, e->mtime_nsec);
    if (e->target) {
        printf(" target=");
        print_text(e->target);
    }
    if (S_ISREG(e->mode)) {
        printf(" sha256=");
        print_hex(e->sha256, sizeof(e->sha256));
    }
    if (first != e) {
        printf(" same-as=");
        print_text(first->path);
    }
    for (size_t i = 0; i < e->attr_count; i++) {
        putchar(' ');
        print_text(e->attrs[i].name);
        putchar('=');
        print_hex(e->attrs[i].value, e->attrs[i].size);
    }
    putchar('\n');
}

static int by_path(const void *a, const void *b)
{
    const struct listing_entry *x = a;
    const struct listing_entry *y = b;

    return strcmp(x->path, y->path);
}

static int by_inode(const void *a, const void *b)
{
    const struct listing_entry *x = *(const struct listing_entry *const *)a;
    const struct listing_entry *y = *(const struct listing_entry *const *)b;

    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return strcmp(x->path, y->path);
}

static int by_name(const void *a, const void *b)
{
    const struct listing_attr *x = a;
    const struct listing_attr *y = b;

    return strcmp(x->name, y->name);
}

void listing_print(struct listing *listing)
{
    size_t count = listing->count;
    const struct listing_entry **order = calloc(count + 1, sizeof(*order));
    const struct listing_entry **first = calloc(count + 1, sizeof(*first));

    if (!order || !first)
        err(1, "listing");
    qsort(listing->entries, count, sizeof(*listing->entries), by_path);
    for (size_t i = 0; i < count; i++) {
        struct listing_entry *e = &listing->entries[i];

        if (e->attr_count)
            qsort(e->attrs, e->attr_count, sizeof(*e->attrs), by_name);
        order[i] = e;
    }
    qsort(order, count, sizeof(*order), by_inode);
    for (size_t i = 0, start = 0; i < count; i++) {
        if (order[i]->ino != order[start]->ino)
            start = i;
        first[order[i] - listing->entries] = order[start];
    }
    for (size_t i = 0; i < count; i++)
        print_entry(&listing->entries[i], first[i]);
    free(order);
    free(first);
    if (fflush(stdout) != 0)
        err(1, "standard output");
}

void listing_free(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        struct listing_entry *e = &listing->entries[i];

        for (size_t k = 0; k < e->attr_count; k++) {
            free(e->attrs[k].name);
            free(e->attrs[k].value);
        }
        free(e->attrs);
        free(e->target);
        free(e->path);
    }
    free(listing->entries);
    *listing = (struct listing){0};
}
