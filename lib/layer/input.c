/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libarchive reads a layer through callbacks that skip contents, so that an index costs little more
 * than the headers.
 *
 * It loses a link's target that comes in a PAX record only, as Go's writer has it for targets
 * without an ASCII letter, unless it has seen a link before: so it is shown one before the layer.
 */
#include "layer/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { READ_SIZE = 64 * 1024 };

int li_layer_input_open(struct li_layers *layers, size_t index, uint64_t length,
                        struct li_layer_input *input, struct li_error *err)
{
    *input = (struct li_layer_input){
        .layers = layers, .index = index, .length = length, .err = err, .buf = malloc(READ_SIZE)};
    return input->buf ? 0 : li_fail_memory(err);
}

void li_layer_input_close(struct li_layer_input *input)
{
    li_buffer_free(&input->spare);
    free(input->buf);
    input->buf = NULL;
}

/* A header of a symbolic link, "." to ".". */
static void make_link_header(uint8_t header[LI_LAYER_INPUT_AHEAD])
{
    unsigned sum = 0;

    memset(header, 0, LI_LAYER_INPUT_AHEAD);
    header[0] = header[157] = '.';
    header[156] = '2';
    memcpy(header + 257, "ustar\00000", 8);
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < LI_LAYER_INPUT_AHEAD; i++)
        sum += header[i];
    for (size_t i = 0; i < 6; i++)
        header[148 + i] = (uint8_t)('0' + (sum >> 3 * (5 - i) & 7));
}

static la_ssize_t read_piece(struct archive *a, void *arg, const void **data)
{
    struct li_layer_input *in = arg;
    uint64_t left = in->length - in->next;
    size_t len = left < READ_SIZE ? (size_t)left : READ_SIZE;

    *data = in->buf;
    if (!in->begun) {
        in->begun = true;
        make_link_header(in->buf);
        return LI_LAYER_INPUT_AHEAD;
    }
    if (li_layers_read(in->layers, in->index, in->buf, len, in->next, in->err) < 0) {
        archive_set_error(a, EIO, "%s", in->err->text);
        return -1;
    }
    in->part = (struct li_layer_part){in->buf, in->next, len};
    in->next += len;
    return (la_ssize_t)len;
}

static la_int64_t skip_piece(struct archive *a, void *arg, la_int64_t request)
{
    struct li_layer_input *in = arg;
    uint64_t left = in->length - in->next;
    uint64_t len = request < 0 ? 0 : (uint64_t)request;

    (void)a;
    if (len > left)
        len = left;
    in->next += len;
    return (la_int64_t)len;
}

/* Most headers are in what was read last. */
int li_layer_input_look(void *arg, uint64_t offset, size_t len, const uint8_t **bytes,
                        struct li_error *err)
{
    struct li_layer_input *in = arg;
    int rc;

    if (offset >= in->part.offset && offset - in->part.offset <= in->part.len &&
        len <= in->part.len - (offset - in->part.offset)) {
        *bytes = in->part.data + (offset - in->part.offset);
        return 0;
    }
    if (offset > in->length || len > in->length - offset)
        return li_fail(err, LI_ECORRUPT, "its header ends with the layer; the tar is cut short");
    rc = li_buffer_reserve(&in->spare, len ? len : 1, err);
    *bytes = in->spare.data;
    return rc < 0 ? rc : li_layers_read(in->layers, in->index, in->spare.data, len, offset, err);
}

int li_layer_input_attach(struct archive *a, struct li_layer_input *input)
{
    return archive_read_open2(a, input, NULL, read_piece, skip_piece, NULL);
}
