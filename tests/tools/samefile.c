/* SPDX-License-Identifier: Apache-2.0
 *
 * samefile FILE FILE: ends with 0 where the two have the same bytes, as cmp(1) does, with 1 and a
 * line where they have not, and with 2 where that cannot be told.
 *
 * Images are large and consist of holes for the most part. What is a hole in both is not read,
 * which takes a hundredth of the time. So this is for files of a file system that is trusted to
 * know its holes, and not for what a test has mounted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    const char *name;
    int fd;
    off_t size;
    unsigned char bytes[1 << 16];
};

static void fail(const struct file *f)
{
    fprintf(stderr, "samefile: %s: %s\n", f->name, strerror(errno));
    exit(2);
}

static void open_file(struct file *f, const char *name)
{
    struct stat st;

    f->name = name;
    f->fd = open(name, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0 || fstat(f->fd, &st))
        fail(f);
    f->size = st.st_size;
}

/* Where the first data at or behind a place begins: the end of the file where there is none. */
static off_t next_data(const struct file *f, off_t from)
{
    off_t at = lseek(f->fd, from, SEEK_DATA);

    if (at < 0 && errno != ENXIO)
        fail(f);
    return at < 0 ? f->size : at;
}

/* Fills f->bytes from a place on, as far as there are bytes. */
static size_t read_at(struct file *f, off_t at)
{
    size_t got = 0;
    ssize_t n = 1;

    while (got < sizeof(f->bytes) && n > 0) {
        n = pread(f->fd, f->bytes + got, sizeof(f->bytes) - got, at + (off_t)got);
        if (n < 0)
            fail(f);
        got += (size_t)n;
    }
    return got;
}

/* The first byte that differs; -1 where none does. The sizes are the same. */
static off_t first_difference(struct file *a, struct file *b)
{
    size_t got, i;
    off_t at, at_b;

    for (at = 0;; at += (off_t)got) {
        at_b = next_data(b, at);
        at = next_data(a, at);
        at = at < at_b ? at : at_b;
        got = read_at(a, at);
        if (read_at(b, at) != got) {
            errno = ESTALE;
            fail(b);
        }
        if (!got)
            return -1;
        for (i = 0; i < got && memcmp(a->bytes, b->bytes, got); i++) {
            if (a->bytes[i] != b->bytes[i])
                return at + (off_t)i;
        }
    }
}

int main(int argc, char **argv)
{
    static struct file a, b;
    off_t at;

    if (argc != 3) {
        fprintf(stderr, "usage: samefile FILE FILE\n");
        return 2;
    }
    open_file(&a, argv[1]);
    open_file(&b, argv[2]);
    if (a.size != b.size) {
        printf("%s has %lld bytes, %s %lld\n", a.name, (long long)a.size, b.name,
               (long long)b.size);
        return 1;
    }
    at = first_difference(&a, &b);
    if (at < 0)
        return 0;
    printf("%s and %s differ at byte %lld\n", a.name, b.name, (long long)at);
    return 1;
}
