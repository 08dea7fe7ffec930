/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file begins as one hole of the full size, so a chunk of zeros costs nothing. The workers
 * write the other chunks in place, in any order. Many chunks end in zeros, because a file ends and
 * the next one begins a new chunk: these zeros stay a hole, too.
 */
#include <string.h>

#include "base/io.h"
#include "chunk/source.h"

/* The size of the holes that file systems are likely to make. */
enum { HOLE = 4096 };

/* The bytes of a chunk, in whole blocks, up to the last one that is not zero. */
static size_t used_length(const uint8_t *buf)
{
    static const uint8_t zeros[HOLE];
    size_t len = LI_CHUNK_SIZE;

    while (len > 0 && memcmp(buf + len - HOLE, zeros, HOLE) == 0)
        len -= HOLE;
    return len;
}

static int write_chunk(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                       struct li_error *err)
{
    (void)worker;
    return li_output_write(arg, buf, used_length(buf), index * LI_CHUNK_SIZE, err);
}

int li_chunk_write_file(const struct li_chunk_source *source, const struct li_chunk_file *file,
                        struct li_error *err)
{
    struct li_output *out = NULL;
    int rc;

    rc = li_output_open(file->path, source->count * LI_CHUNK_SIZE, &out, err);
    if (rc < 0)
        return rc;
    rc = li_chunk_walk(source, file->threads, write_chunk, out, file->progress, err);
    if (rc == 0 && file->confirm)
        rc = file->confirm(file->confirm_arg, err);
    if (rc == 0)
        rc = li_output_commit(out, err);
    li_output_free(out);
    return rc;
}
