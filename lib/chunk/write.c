/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file begins as one hole of the full size, so a chunk of zeros costs nothing, and the workers
 * write the others where they belong, in any order.
 */
#include "base/io.h"
#include "chunk/source.h"

static int write_chunk(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                       struct li_error *err)
{
    (void)worker;
    return li_output_write(arg, buf, LI_CHUNK_SIZE, index * LI_CHUNK_SIZE, err);
}

int li_chunk_write_file(const struct li_chunk_source *source, const char *path, unsigned threads,
                        li_chunk_confirm *confirm, void *arg, const struct li_progress *progress,
                        struct li_error *err)
{
    struct li_output *out = NULL;
    int rc;

    rc = li_output_open(path, source->count * LI_CHUNK_SIZE, &out, err);
    if (rc < 0)
        return rc;
    rc = li_chunk_walk(source, threads, write_chunk, out, progress, err);
    if (rc == 0 && confirm)
        rc = confirm(arg, err);
    if (rc == 0)
        rc = li_output_commit(out, err);
    li_output_free(out);
    return rc;
}
