/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons of what is made of one stack with the layers of another. */
#ifndef LI_TESTS_UNIT_COMPARISON_H
#define LI_TESTS_UNIT_COMPARISON_H

#include "stack.h"

#include "compare/compare.h"

/* Bytes of the stored image, where there are any, that the comparison reads otherwise. */
static struct twist {
    const char *find;
    size_t len, at; /* the byte at FIND + AT becomes VALUE */
    uint8_t value;
} twist;

HELPER void apply_twist(uint8_t *data, size_t len)
{
    uint8_t *found = twist.len ? memmem(data, len, twist.find, twist.len) : NULL;

    if (found)
        found[twist.at] = twist.value;
}

/* A plan, as the blocks of li_files_open(). */
struct plan {
    struct li_blocks blocks;
    struct li_chunk_source source;
};

HELPER int read_plan(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                     struct li_error *err)
{
    const struct li_chunk_source *source = &((struct plan *)blocks)->source;
    uint8_t *chunk = malloc(LI_CHUNK_SIZE), *to = buf;
    int rc = 0;

    assert_non_null(chunk);
    while (rc >= 0 && len > 0) {
        size_t at = offset % LI_CHUNK_SIZE, n = LI_CHUNK_SIZE - at < len ? LI_CHUNK_SIZE - at : len;

        bool zeros = false;

        rc = li_chunk_read(source, offset / LI_CHUNK_SIZE, chunk, &zeros, err);
        if (zeros)
            memset(chunk, 0, LI_CHUNK_SIZE);
        memcpy(to, chunk + at, n);
        apply_twist(to, n);
        to += n;
        offset += n;
        len -= n;
    }
    free(chunk);
    return rc < 0 ? rc : 0;
}

HELPER struct plan plan_of(struct stack *s)
{
    static const struct li_blocks_operations operations = {.read = read_plan};
    struct li_chunk_source source = li_ext4_source(s->ext4);

    return (struct plan){{&operations, source.count * LI_CHUNK_SIZE}, source};
}

HELPER void note(void *arg, const char *path, const char *what, const char *stored,
                 const char *layers)
{
    struct li_buffer *said = arg;
    char line[2000];
    int n = snprintf(line, sizeof(line), "%s: %s: %s, %s\n", path, what, stored, layers);

    tar_append(said, line, (size_t)n);
}

HELPER void note_disagreement(void *arg, const char *layer, const char *path, const char *what,
                              const char *ours, const char *libarchives)
{
    struct li_buffer *said = arg;
    char line[2000];
    int n = snprintf(line, sizeof(line), "%s %s: readers: %s: %s, %s\n", layer, path, what, ours,
                     libarchives);

    tar_append(said, line, (size_t)n);
}

/* Compares what is made of STORED with LAYERS; frees both. */
HELPER int compare(struct stack *stored, struct stack *layers, struct li_buffer *said,
                   struct li_compare_result *result, struct li_error *err)
{
    struct li_files *files = NULL;
    struct plan plan;
    int rc;

    assert_done(stack_plan(stored, err), err);
    assert_done(stack_open(layers, err), err);
    plan = plan_of(stored);
    assert_done(li_files_open(&plan.blocks, &files, err), err);
    rc = li_compare(&(struct li_compare_sides){files, layers->layers, li_tree_layout(stored->tree)},
                    &(struct li_compare_reports){said, note, note_disagreement}, result, err);
    li_files_free(files);
    stack_free(stored);
    stack_free(layers);
    return rc;
}

HELPER void check(struct stack *stored, struct stack *layers, const char *want)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_compare_result result = {0};
    struct li_buffer said = {0};
    size_t lines = 0;

    assert_done(compare(stored, layers, &said, &result, &err), &err);
    tar_append(&said, "", 1);
    assert_string_equal((const char *)said.data, want);
    for (const char *at = want; *at; at++)
        lines += *at == '\n';
    assert_int_equal(result.differences + result.disagreements, lines);
    li_buffer_free(&said);
}

HELPER void expect_failed(struct stack *layers, int code, const char *words)
{
    struct stack stored = make_stack("a=1");
    struct li_error err = LI_ERROR_INIT;
    struct li_compare_result result = {0};
    struct li_buffer said = {0};

    assert_fails(compare(&stored, layers, &said, &result, &err), code, words, &err);
    li_buffer_free(&said);
}

/* One entry against another. */
HELPER void expect_entries(const struct tar_entry *stored, const struct tar_entry *layers,
                           const char *want)
{
    struct stack one = {0}, other = {0};

    tar_put(stack_layer(&one), stored);
    tar_put(stack_layer(&other), layers);
    check(&one, &other, want);
}

#endif
