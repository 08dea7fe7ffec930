/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mktar: makes a layer of a description, so that tests need neither root nor files to have devices,
 * owners, attributes and odd names in a tar. One line of standard input is one entry; the tar goes
 * to standard output:
 *
 *     dir PATH [KEY=VALUE ...]          file PATH [text=TEXT | size=BYTES [fill=SEED]]
 *     symlink PATH TARGET               link PATH TARGET
 *     char PATH MAJOR,MINOR             block PATH MAJOR,MINOR
 *     fifo PATH                         # a comment
 *
 * Keys of all: mode=OCTAL, uid=N, gid=N, mtime=SEC[.NSEC], xattr.NAME=VALUE, pax.KEY=VALUE (any
 * extended header record), flag=C (the type that the header shall say). In every word \xNN stands
 * for a byte. A file is filled with pseudo-random bytes from SEED, or with zeros if there is none.
 * Nothing is checked and nothing is sorted: broken layers are wanted too. It writes the format
 * itself, since a library would convert names and round what the tests are about.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, NAME_SIZE = 100, WORDS_MAX = 64 };

struct bytes {
    char *data;
    size_t len;
};

struct entry {
    struct bytes path;
    struct bytes target;
    struct bytes text;
    struct bytes pax;
    uint64_t size;
    uint64_t fill;
    int64_t mtime;
    unsigned mode;
    unsigned uid;
    unsigned gid;
    unsigned major;
    unsigned minor;
    char flag;
};

static void put(const void *data, size_t len)
{
    if (len && fwrite(data, 1, len, stdout) != len)
        err(1, "standard output");
}

static void pad(uint64_t len)
{
    static const char zeros[BLOCK];

    put(zeros, (size_t)(-len % BLOCK));
}

/* Replaces \xNN in place; the result may hold NUL bytes. */
static struct bytes unescape(char *word)
{
    struct bytes out = {word, 0};

    for (const char *p = word; *p; out.len++) {
        unsigned byte;

        if (p[0] == '\\' && p[1] == 'x' && sscanf(p + 2, "%2x", &byte) == 1) {
            out.data[out.len] = (char)byte;
            p += 4;
        } else {
            out.data[out.len] = *p++;
        }
    }
    out.data[out.len] = '\0';
    return out;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void add_record(struct entry *e, const char *key, const void *value, size_t len)
{
    size_t rest = strlen(key) + len + 3;
    size_t total = rest + 1;
    char digits[32];
    char *to;

    while (rest + (size_t)snprintf(digits, sizeof(digits), "%zu", total) != total)
        total++;
    e->pax.data = realloc(e->pax.data, e->pax.len + total + 1);
    if (!e->pax.data)
        err(1, "mktar");
    to = e->pax.data + e->pax.len;
    to += sprintf(to, "%zu %s=", total, key);
    memcpy(to, value, len);
    to[len] = '\n';
    e->pax.len += total;
}

static void add_number(struct entry *e, const char *key, uint64_t number)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    add_record(e, key, text, strlen(text));
}

static void set_mtime(struct entry *e, const struct bytes *value)
{
    e->mtime = strtoll(value->data, NULL, 10);
    if (e->mtime < 0 || e->mtime > 077777777777 || strchr(value->data, '.'))
        add_record(e, "mtime", value->data, value->len);
    if (e->mtime < 0 || e->mtime > 077777777777)
        e->mtime = 0;
}

static void set_key(struct entry *e, const char *key, struct bytes value)
{
    char name[300];

    if (strcmp(key, "mode") == 0)
        e->mode = (unsigned)strtoul(value.data, NULL, 8);
    else if (strcmp(key, "uid") == 0)
        e->uid = (unsigned)strtoul(value.data, NULL, 10);
    else if (strcmp(key, "gid") == 0)
        e->gid = (unsigned)strtoul(value.data, NULL, 10);
    else if (strcmp(key, "size") == 0)
        e->size = strtoull(value.data, NULL, 10);
    else if (strcmp(key, "fill") == 0)
        e->fill = strtoull(value.data, NULL, 10);
    else if (strcmp(key, "flag") == 0)
        e->flag = value.data[0];
    else if (strcmp(key, "mtime") == 0)
        set_mtime(e, &value);
    else if (strcmp(key, "text") == 0) {
        e->text = value;
        e->size = value.len;
    } else if (strncmp(key, "xattr.", 6) == 0) {
        snprintf(name, sizeof(name), "SCHILY.xattr.%s", key + 6);
        add_record(e, name, value.data, value.len);
    } else if (strncmp(key, "pax.", 4) == 0)
        add_record(e, key + 4, value.data, value.len);
    else
        errx(2, "mktar: unknown key %s", key);
}

static void set_checksum(char *header)
{
    unsigned sum = 0;

    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum & 0777777);
}

static void put_header(const struct entry *e, const struct bytes *path, uint64_t size, char flag)
{
    char header[BLOCK] = {0};

    memcpy(header, path->data, path->len < NAME_SIZE ? path->len : NAME_SIZE);
    snprintf(header + 100, 8, "%07o", e->mode & 07777777);
    snprintf(header + 108, 8, "%07o", e->uid > 07777777 ? 0 : e->uid);
    snprintf(header + 116, 8, "%07o", e->gid > 07777777 ? 0 : e->gid);
    snprintf(header + 124, 12, "%011" PRIo64, size & 077777777777);
    snprintf(header + 136, 12, "%011" PRIo64, e->mtime & 077777777777);
    header[156] = flag;
    if (e->target.data && flag == e->flag)
        memcpy(header + 157, e->target.data, e->target.len < NAME_SIZE ? e->target.len : NAME_SIZE);
    memcpy(header + 257, "ustar\00000", 8);
    snprintf(header + 329, 8, "%07o", e->major & 07777777);
    snprintf(header + 337, 8, "%07o", e->minor & 07777777);
    set_checksum(header);
    put(header, sizeof(header));
}

static void put_content(const struct entry *e)
{
    uint64_t state = e->fill * 0x9e3779b97f4a7c15;
    unsigned char buf[4096] = {0};

    if (e->text.data) {
        put(e->text.data, e->text.len);
        return;
    }
    for (uint64_t left = e->size; left > 0;) {
        size_t len = left < sizeof(buf) ? (size_t)left : sizeof(buf);

        for (size_t i = 0; e->fill && i < len; i++) {
            state = state * 6364136223846793005 + 1442695040888963407;
            buf[i] = (unsigned char)(state >> 56);
        }
        put(buf, len);
        left -= len;
    }
}

static void put_entry(struct entry *e)
{
    static const struct bytes pax_path = {(char *)"pax", 3};

    if (e->path.len > NAME_SIZE)
        add_record(e, "path", e->path.data, e->path.len);
    if (e->target.len > NAME_SIZE)
        add_record(e, "linkpath", e->target.data, e->target.len);
    if (e->uid > 07777777)
        add_number(e, "uid", e->uid);
    if (e->gid > 07777777)
        add_number(e, "gid", e->gid);
    if (e->pax.len) {
        put_header(e, &pax_path, e->pax.len, 'x');
        put(e->pax.data, e->pax.len);
        pad(e->pax.len);
    }
    put_header(e, &e->path, e->size, e->flag);
    put_content(e);
    pad(e->size);
    free(e->pax.data);
}

/* What each kind of line is in a tar. */
static const struct kind {
    const char *name;
    char flag;
    unsigned mode;
    enum { NOTHING, TARGET, DEVICE } second; /* what the word after the path is */
} kinds[] = {
    {"dir", '5', 0755, NOTHING},  {"file", '0', 0644, NOTHING}, {"symlink", '2', 0777, TARGET},
    {"link", '1', 0644, TARGET},  {"char", '3', 0600, DEVICE},  {"block", '4', 0600, DEVICE},
    {"fifo", '6', 0644, NOTHING},
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    errx(2, "mktar: unknown kind %s", name);
}

static void do_line(char **words, size_t count)
{
    const struct kind *kind = find_kind(words[0]);
    struct entry e = {.flag = kind->flag, .mode = kind->mode, .mtime = 1700000000};
    size_t first = kind->second == NOTHING ? 2 : 3;

    if (count < first)
        errx(2, "mktar: %s: too few words", words[0]);
    e.path = unescape(words[1]);
    if (kind->second == TARGET)
        e.target = unescape(words[2]);
    if (kind->second == DEVICE && sscanf(words[2], "%u,%u", &e.major, &e.minor) != 2)
        errx(2, "mktar: %s: not a device: %s", words[1], words[2]);
    for (size_t i = first; i < count; i++) {
        char *equals = strchr(words[i], '=');

        if (!equals)
            errx(2, "mktar: %s: no key: %s", words[1], words[i]);
        *equals = '\0';
        set_key(&e, unescape(words[i]).data, unescape(equals + 1));
    }
    put_entry(&e);
}

int main(void)
{
    static const char end[2 * BLOCK];
    char *line = NULL;
    size_t cap = 0;

    while (getline(&line, &cap, stdin) >= 0) {
        char *words[WORDS_MAX] = {NULL};
        size_t count = 0;

        for (char *w = strtok(line, " \n"); w && count < WORDS_MAX; w = strtok(NULL, " \n"))
            words[count++] = w;
        if (count && words[0][0] != '#')
            do_line(words, count);
    }
    free(line);
    put(end, sizeof(end));
    if (fflush(stdout) != 0)
        err(1, "standard output");
    return 0;
}
