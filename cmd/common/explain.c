/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists where each file lies, as text or as JSON. An image may have millions of entries, so each is
 * printed when it is visited, and the JSON document is never whole in memory.
 */
#include "cmd/common/explain.h"

#include <string.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "base/text.h"
#include "cmd/common/context.h"
#include "ext4/explain.h"

static const char *const kinds[LI_EXT4_KINDS] = {
    [LI_EXT4_SUPERBLOCK] = "superblock",
    [LI_EXT4_DESCRIPTORS] = "descriptors",
    [LI_EXT4_BLOCK_BITMAPS] = "block-bitmaps",
    [LI_EXT4_INODE_BITMAPS] = "inode-bitmaps",
    [LI_EXT4_INODE_TABLES] = "inode-tables",
    [LI_EXT4_DIRECTORY] = "directory",
    [LI_EXT4_EXTENTS] = "extents",
    [LI_EXT4_ATTRIBUTES] = "attributes",
    [LI_EXT4_LINK] = "link",
    [LI_EXT4_PACKED] = "packed",
    [LI_EXT4_ALIGNED] = "aligned",
    [LI_EXT4_INODE] = "inode",
};

enum part { METADATA, PACKED, ALIGNED, PARTS };

struct explanation {
    const struct li_tree *tree;
    bool as_json;
    uint64_t told;          /* runs */
    uint64_t chunks[PARTS]; /* chunks that have such runs */
    uint64_t next;          /* a chunk that is not counted yet */
    struct li_buffer path;
    struct li_buffer shown; /* the path with a leading slash, and with escapes */
};

/* Runs come in the order of the image, and no chunk has runs of two parts. */
static void count_chunks(struct explanation *e, const struct li_ext4_run *run)
{
    enum part part = run->kind == LI_EXT4_PACKED    ? PACKED
                     : run->kind == LI_EXT4_ALIGNED ? ALIGNED
                                                    : METADATA;
    uint64_t first = run->offset / LI_CHUNK_SIZE;
    uint64_t end = (run->offset + run->blocks * LI_EXT4_BLOCK_SIZE - 1) / LI_CHUNK_SIZE + 1;

    if (run->blocks == 0 || end <= e->next)
        return;
    e->chunks[part] += end - (first > e->next ? first : e->next);
    e->next = end;
}

static int show_path(struct explanation *e, uint32_t node, struct li_error *err)
{
    char escaped[ESCAPED];
    int rc;

    e->path.len = e->shown.len = 0;
    rc = li_tree_path(e->tree, node, &e->path, err);
    if (rc == 0)
        rc = li_buffer_append(&e->shown, "/", 1, err);
    for (size_t i = 0; rc == 0 && i + 1 < e->path.len; i++)
        rc = li_buffer_append(&e->shown, escaped, escape_byte((char)e->path.data[i], escaped), err);
    return rc == 0 ? li_buffer_append(&e->shown, "", 1, err) : rc;
}

/* The size of the entry for users: none for a directory or a device. */
static uint64_t size_of(const struct li_inode *inode)
{
    return S_ISREG(inode->mode) || S_ISLNK(inode->mode) ? inode->size : 0;
}

static void print_row(struct explanation *e, const struct li_ext4_run *run)
{
    const struct li_inode *inode;

    if (e->told == 0)
        printf("%-13s %8s %7s %7s %7s %7s %5s %12s  %s\n", "KIND", "CHUNK", "OFFSET", "BLOCKS",
               "FROM", "EXTENTS", "LAYER", "SIZE", "PATH");
    printf("%-13s %8llu %7llu %7llu ", kinds[run->kind],
           (unsigned long long)(run->offset / LI_CHUNK_SIZE),
           (unsigned long long)(run->offset % LI_CHUNK_SIZE), (unsigned long long)run->blocks);
    if (run->node == LI_TREE_NONE) {
        printf("%7s %7s %5s %12s  -\n", "-", "-", "-", "-");
        return;
    }
    inode = li_tree_inode(e->tree, run->inode);
    printf("%7llu %7llu %5u %12llu  %s\n", (unsigned long long)run->from,
           (unsigned long long)run->extents, inode->layer, (unsigned long long)size_of(inode),
           (const char *)e->shown.data);
}

static int dump(json_t *json, struct li_error *err)
{
    int rc = 0;

    if (!json)
        return li_fail_memory(err);
    if (json_dumpf(json, stdout, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        rc = ferror(stdout) ? li_fail(err, LI_EIO, "cannot write to standard output")
                            : li_fail_memory(err);
    json_decref(json);
    return rc;
}

static int print_object(struct explanation *e, const struct li_ext4_run *run, struct li_error *err)
{
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:I}", "kind", kinds[run->kind], "chunk",
                  (json_int_t)(run->offset / LI_CHUNK_SIZE), "offset",
                  (json_int_t)(run->offset % LI_CHUNK_SIZE), "blocks", (json_int_t)run->blocks);
    const struct li_inode *inode;
    json_t *more;

    fputs(e->told ? ",\n" : "\n", stdout);
    if (!json || run->node == LI_TREE_NONE)
        return dump(json, err);
    inode = li_tree_inode(e->tree, run->inode);
    more = json_pack("{s:I, s:I, s:i, s:I, s:I, s:I, s:s}", "from", (json_int_t)run->from,
                     "extents", (json_int_t)run->extents, "layer", (int)inode->layer, "size",
                     (json_int_t)size_of(inode), "inode", (json_int_t)run->ino, "links",
                     (json_int_t)inode->links, "path", (const char *)e->shown.data);
    if (!more || json_object_update(json, more) != 0) {
        json_decref(json);
        json = NULL;
    }
    json_decref(more);
    return dump(json, err);
}

static int visit(void *arg, const struct li_ext4_run *run, struct li_error *err)
{
    struct explanation *e = arg;
    int rc = run->node == LI_TREE_NONE ? 0 : show_path(e, run->node, err);

    if (rc < 0)
        return rc;
    count_chunks(e, run);
    if (e->as_json)
        rc = print_object(e, run, err);
    else
        print_row(e, run);
    e->told++;
    return rc;
}

static void diff_id_text(const struct li_layers *layers, size_t layer, char text[72])
{
    memcpy(text, "sha256:", 7);
    li_hex_encode(li_layers_diff_id(layers, layer), LI_DIGEST_SIZE, text + 7);
}

static int print_layers_json(const struct li_layers *layers, struct li_error *err)
{
    char text[72];
    int rc = 0;

    printf("{\"layers\":[");
    for (size_t i = 0; i < li_layers_count(layers) && rc == 0; i++) {
        diff_id_text(layers, i, text);
        fputs(i ? ",\n" : "\n", stdout);
        rc = dump(json_string(text), err);
    }
    printf("],\n\"runs\":[");
    return rc;
}

static int print_chunks(const struct explanation *e, uint64_t count, struct li_error *err)
{
    uint64_t used = e->chunks[METADATA] + e->chunks[PACKED] + e->chunks[ALIGNED];
    int rc;

    if (!e->as_json) {
        printf("%llu chunk%s: %llu with metadata, %llu with packed files, %llu with aligned files; "
               "%llu with nothing\n",
               (unsigned long long)count, li_text_s(count), (unsigned long long)e->chunks[METADATA],
               (unsigned long long)e->chunks[PACKED], (unsigned long long)e->chunks[ALIGNED],
               (unsigned long long)(count - used));
        return 0;
    }
    printf("],\n\"chunks\":");
    rc = dump(json_pack("{s:I, s:I, s:I, s:I, s:I}", "all", (json_int_t)count, "metadata",
                        (json_int_t)e->chunks[METADATA], "packed", (json_int_t)e->chunks[PACKED],
                        "aligned", (json_int_t)e->chunks[ALIGNED], "nothing",
                        (json_int_t)(count - used)),
              err);
    puts("}");
    return rc;
}

int explain(const struct li_flattened *flattened, bool as_json, struct li_error *err)
{
    const struct li_ext4 *plan = li_flattened_plan(flattened);
    struct explanation e = {.tree = li_flattened_tree(flattened), .as_json = as_json};
    const struct li_layers *layers = li_tree_layers(e.tree);
    char text[72];
    int rc = as_json ? print_layers_json(layers, err) : 0;

    if (rc == 0)
        rc = li_ext4_explain(plan, visit, &e, err);
    for (size_t i = 0; !as_json && i < li_layers_count(layers); i++) {
        diff_id_text(layers, i, text);
        printf("%slayer %zu: %s\n", i ? "" : "\n", i, text);
    }
    if (rc == 0)
        rc = print_chunks(&e, li_ext4_size(plan) / LI_CHUNK_SIZE, err);
    li_buffer_free(&e.path);
    li_buffer_free(&e.shown);
    return rc;
}
