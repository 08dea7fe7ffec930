/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers, from tar bytes to all chunks of the image. "LAYER" at the start of a block begins
 * another layer, and is no part of it.
 */
#include "fuzz.h"

#include "base/bytes.h"
#include "layer/layout.h"

enum { LAYERS_MAX = 4, CHUNKS_MAX = 4000, CHUNKS_READ_MAX = 40 };

static bool is_mark(const uint8_t *data, size_t size)
{
    return size >= TAR_BLOCK && memcmp(data, "LAYER", 5) == 0;
}

static void cut_layers(const uint8_t *data, size_t size, struct stack *s)
{
    while (size > 0 && s->count < LAYERS_MAX) {
        struct li_buffer *layer = stack_layer(s);
        size_t len = 0;

        s->layer[s->count - 1].no_end = true;
        while (len < size && !(len > 0 && is_mark(data + len, size - len)))
            len += size - len < TAR_BLOCK ? size - len : TAR_BLOCK;
        tar_append(layer, data, len);
        data += len;
        size -= len;
        if (is_mark(data, size)) {
            data += TAR_BLOCK;
            size -= TAR_BLOCK;
        }
        if (layer->len)
            fuzz_fix_checksums(layer->data, layer->len);
    }
}

/* The whole image is read where it is small, and its front, where all structures are. */
static int read_chunks(struct stack *s, struct li_error *err)
{
    static uint8_t chunk[LI_CHUNK_SIZE];
    struct li_chunk_source source = li_ext4_source(s->ext4);
    unsigned left = CHUNKS_READ_MAX;

    assert_true(source.count > 0 && source.count <= LI_CHUNK_MAX_COUNT);
    for (uint64_t i = 0; i < source.count && i < CHUNKS_MAX && left > 0; i++) {
        bool zeros = false;
        int rc = li_chunk_read(&source, i, chunk, &zeros, err);

        if (rc < 0)
            return rc;
        left -= !zeros;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer tar = {0};
    struct stack s = {0};
    int rc;

    cut_layers(data, size, &s);
    stack_pack(&s, &tar);
    rc = fuzz_open_image(tar.data, tar.len, &s.image, &err);
    assert_int_equal(rc, 0);
    rc = li_layers_open(s.image, &fuzz_env, &s.layers, &err);
    if (rc == 0)
        rc = li_tree_build(s.layers, LI_LAYOUT_LATEST, &s.tree, &err);
    if (rc == 0)
        rc = li_ext4_plan(s.tree, NULL, &s.ext4, &err);
    if (rc == 0)
        rc = read_chunks(&s, &err);
    fuzz_check_error(rc, &err);
    li_buffer_free(&tar);
    stack_free(&s);
    return 0;
}
