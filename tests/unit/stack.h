/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From layers to an image: tars are packed as `docker save` does, and taken through all stages up
 * to the plan, or to a file with the ext4 image.
 */
#ifndef LI_TESTS_UNIT_STACK_H
#define LI_TESTS_UNIT_STACK_H

#include "tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/io.h"
#include "base/sha256.h"
#include "chunk/source.h"
#include "ext4/ext4.h"
#include "image/image.h"
#include "layer/layer.h"
#include "layer/layout.h"
#include "layer/tree.h"

enum { STACK_MAX = 128 };

struct stack_layer {
    struct li_buffer tar;
    struct li_buffer stored; /* as it is in the image, where that is not the tar as it is */
    const char *name;        /* in the image */
    bool no_end;             /* leave out the end of the tar */
    bool wrong_diff_id;
};

struct stack {
    struct stack_layer layer[STACK_MAX];
    size_t count;
    uint32_t layout; /* that the image is made by; 0: the latest */
    bool oci;        /* packed as an OCI layout, whose descriptors state digests */
    struct li_image *image;
    struct li_layers *layers;
    struct li_tree *tree;
    struct li_ext4 *ext4;
};

/* Adds an empty layer on top. */
HELPER struct li_buffer *stack_layer(struct stack *s)
{
    assert_true(s->count < STACK_MAX);
    s->layer[s->count] = (struct stack_layer){0};
    return &s->layer[s->count++].tar;
}

/* Adds entries, separated by spaces: "dir/", "file=TEXT", "symlink>TARGET", "hardlink*TARGET". */
HELPER void tar_entries(struct li_buffer *tar, const char *entries)
{
    char *text = strdup(entries), *next = text;

    assert_non_null(text);
    for (char *path = strtok_r(text, " ", &next); path; path = strtok_r(NULL, " ", &next)) {
        size_t len = strcspn(path, "=>*");
        char kind = path[len];

        path[len] = '\0';
        if (kind == '=')
            tar_file(tar, path, path + len + 1);
        else if (kind == '>')
            tar_symlink(tar, path, path + len + 1);
        else if (kind == '*')
            tar_link(tar, path, path + len + 1);
        else
            tar_dir(tar, path);
    }
    free(text);
}

/* A stack of layers so described, lowest first, up to NULL. */
#define make_stack(...) stack_of((const char *const[]){__VA_ARGS__, NULL})

HELPER struct stack stack_of(const char *const *layers)
{
    struct stack s = {0};

    for (; *layers; layers++)
        tar_entries(stack_layer(&s), *layers);
    return s;
}

HELPER void stack_end_layers(struct stack *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (!s->layer[i].no_end)
            tar_end(&s->layer[i].tar);
        s->layer[i].no_end = true;
    }
}

/* Compresses all layers; ADD_FILTER is libarchive's for the compression. */
HELPER void stack_compress(struct stack *s, int (*add_filter)(struct archive *))
{
    stack_end_layers(s);
    for (size_t i = 0; i < s->count; i++) {
        struct li_buffer *tar = &s->layer[i].tar, *to = &s->layer[i].stored;
        struct archive_entry *entry = archive_entry_new();
        struct archive *a = archive_write_new();
        struct li_error err = LI_ERROR_INIT;

        to->len = 0;
        assert_done(li_buffer_reserve(to, tar->len + 65536, &err), &err);
        archive_entry_set_filetype(entry, AE_IFREG);
        assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
        assert_int_equal(add_filter(a), ARCHIVE_OK);
        assert_int_equal(archive_write_open_memory(a, to->data, to->cap, &to->len), ARCHIVE_OK);
        assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
        assert_int_equal(archive_write_data(a, tar->data, tar->len), tar->len);
        assert_int_equal(archive_write_close(a), ARCHIVE_OK);
        archive_write_free(a);
        archive_entry_free(entry);
    }
}

HELPER void stack_sha256(const void *data, size_t len, char hex[2 * LI_SHA256_SIZE + 1])
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t digest[LI_SHA256_SIZE];
    struct li_sha256 *hash = NULL;

    assert_done(li_sha256_new(&hash, &err), &err);
    assert_done(li_sha256_update(hash, data, len, &err), &err);
    assert_done(li_sha256_final(hash, digest, &err), &err);
    li_hex_encode(digest, sizeof(digest), hex);
    li_sha256_free(hash);
}

/* Adds a blob of an OCI layout; its descriptor without a media type goes to OUT. */
HELPER void stack_blob(struct li_buffer *tar, const char *text, char *out)
{
    char name[80] = "blobs/sha256/", *hex = name + strlen(name);

    stack_sha256(text, strlen(text), hex);
    tar_file(tar, name, text);
    sprintf(out, "\"digest\":\"sha256:%s\",\"size\":%zu", hex, strlen(text));
}

/* What an OCI layout has besides its layers, of which LAYERS are the descriptors. */
HELPER void stack_layout(struct li_buffer *tar, const char *config, const char *layers)
{
    static const char type[] = "application/vnd.oci.image";
    char descriptor[128], text[STACK_MAX * 300 + 500];

    stack_blob(tar, config, descriptor);
    sprintf(text,
            "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s.config.v1+json\",%s},"
            "\"layers\":[%s]}",
            type, descriptor, layers);
    stack_blob(tar, text, descriptor);
    sprintf(text,
            "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"%s.manifest.v1+json\",%s}]}",
            type, descriptor);
    tar_file(tar, "index.json", text);
    tar_file(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
}

HELPER void stack_save(struct li_buffer *tar, const char *config, const char *layers)
{
    char text[STACK_MAX * 300 + 300];

    sprintf(text, "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[%s]}]", layers);
    tar_file(tar, "config.json", config);
    tar_file(tar, "manifest.json", text);
}

/* The image as one tar: layers, a config that states their diff IDs, and manifest.json or an OCI
 * layout. A layer's name is its digest there. */
HELPER void stack_pack(struct stack *s, struct li_buffer *out)
{
    char config[STACK_MAX * 80 + 200], manifest[STACK_MAX * 300 + 200];
    char hex[2 * LI_SHA256_SIZE + 1], name[80];
    int c = sprintf(config, "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{"
                            "\"type\":\"layers\",\"diff_ids\":[");
    int m = 0;

    manifest[0] = '\0';
    stack_end_layers(s);
    for (size_t i = 0; i < s->count; i++) {
        const struct stack_layer *l = &s->layer[i];
        const struct li_buffer *stored = l->stored.data ? &l->stored : &l->tar;

        stack_sha256(stored->data, stored->len, hex);
        if (l->name)
            strcpy(name, l->name);
        else if (s->oci)
            sprintf(name, "blobs/sha256/%s", hex);
        else
            sprintf(name, "l%zu/layer.tar", i);
        tar_put(out, &(struct tar_entry){
                         .path = name, .data = stored->data, .length = stored->len, .mode = 0644});
        if (s->oci)
            m += sprintf(manifest + m,
                         "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
                         "\"digest\":\"sha256:%s\",\"size\":%zu}",
                         i ? "," : "", strrchr(name, '/') + 1, stored->len);
        else
            m += sprintf(manifest + m, "%s\"%s\"", i ? "," : "", name);
        stack_sha256(l->tar.data, l->tar.len, hex);
        if (l->wrong_diff_id)
            hex[0] = hex[0] == '0' ? '1' : '0';
        c += sprintf(config + c, "%s\"sha256:%s\"", i ? "," : "", hex);
    }
    strcpy(config + c, "]}}");
    if (s->oci)
        stack_layout(out, config, manifest);
    else
        stack_save(out, config, manifest);
    tar_end(out);
}

/* Each of these does the steps before it too, and leaves the error to the caller. */
HELPER int stack_open(struct stack *s, struct li_error *err)
{
    char path[] = "/tmp/unit-stack-XXXXXX";
    struct li_buffer tar = {0};
    int fd = mkstemp(path), rc;
    const struct li_image_options options = {NULL, "linux/amd64"};

    assert_true(fd >= 0);
    stack_pack(s, &tar);
    assert_done(li_pwrite_all(fd, tar.data, tar.len, 0, err), err);
    close(fd);
    li_buffer_free(&tar);
    rc = li_image_open(path, &options, &unit_env, &s->image, err);
    assert_int_equal(unlink(path), 0);
    return rc == 0 ? li_layers_open(s->image, &unit_env, &s->layers, err) : rc;
}

HELPER int stack_build(struct stack *s, struct li_error *err)
{
    int rc = stack_open(s, err);

    if (rc == 0)
        rc = li_tree_build(s->layers, s->layout ? s->layout : LI_LAYOUT_LATEST, &s->tree, err);
    return rc == 0 ? li_layers_verified(s->layers, err) : rc;
}

HELPER int stack_plan(struct stack *s, struct li_error *err)
{
    int rc = stack_build(s, err);

    return rc == 0 ? li_ext4_plan(s->tree, NULL, &s->ext4, err) : rc;
}

/* Frees what was made of the layers, and keeps them. */
HELPER void stack_close(struct stack *s)
{
    li_ext4_free(s->ext4);
    li_tree_free(s->tree);
    li_layers_free(s->layers);
    li_image_free(s->image);
    s->ext4 = NULL;
    s->tree = NULL;
    s->layers = NULL;
    s->image = NULL;
}

HELPER void stack_free(struct stack *s)
{
    stack_close(s);
    for (size_t i = 0; i < s->count; i++) {
        li_buffer_free(&s->layer[i].tar);
        li_buffer_free(&s->layer[i].stored);
    }
    *s = (struct stack){0};
}

/* The stack cannot be made an image: the plan, or what is before it, fails so. Frees the stack. */
#define expect_no_image(s, code, words)                                                            \
    do {                                                                                           \
        struct li_error expect_err = LI_ERROR_INIT;                                                \
        assert_fails(stack_plan((s), &expect_err), (code), (words), &expect_err);                  \
        stack_free(s);                                                                             \
    } while (0)

/* SHA-256 of the whole image, in hexadecimal; with ANY_UUID without the UUID, which comes from the
 * layers' digests, and the superblock's checksum, which covers it. */
HELPER void stack_digest(struct stack *s, bool any_uuid, char hex[2 * LI_SHA256_SIZE + 1])
{
    static uint8_t zeros[LI_CHUNK_SIZE];
    struct li_error err = LI_ERROR_INIT;
    struct li_chunk_source source;
    uint8_t *buf = malloc(LI_CHUNK_SIZE), digest[LI_SHA256_SIZE];
    struct li_sha256 *hash = NULL;

    assert_non_null(buf);
    assert_done(stack_plan(s, &err), &err);
    source = li_ext4_source(s->ext4);
    assert_done(li_sha256_new(&hash, &err), &err);
    for (uint64_t i = 0; i < source.count; i++) {
        bool zero = false;

        assert_done(li_chunk_read(&source, i, buf, &zero, &err), &err);
        if (i == 0 && any_uuid) {
            memset(buf + 1024 + 0x68, 0, 16);
            memset(buf + 2048 - 4, 0, 4);
        }
        assert_done(li_sha256_update(hash, zero ? zeros : buf, LI_CHUNK_SIZE, &err), &err);
    }
    assert_done(li_sha256_final(hash, digest, &err), &err);
    li_hex_encode(digest, sizeof(digest), hex);
    li_sha256_free(hash);
    free(buf);
    stack_close(s);
}

#endif
