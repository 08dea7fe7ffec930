/* SPDX-License-Identifier: Apache-2.0 */
#include "base/blocks.h"

#include <inttypes.h>

static int check_range(const struct li_blocks *blocks, uint64_t offset, size_t len,
                       struct li_error *err)
{
    if (offset > blocks->size || len > blocks->size - offset)
        return li_fail(err, LI_ECORRUPT, "%zu bytes at byte %" PRIu64 " of an image of %" PRIu64,
                       len, offset, blocks->size);
    return 0;
}

int li_blocks_read(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                   struct li_error *err)
{
    int rc = check_range(blocks, offset, len, err);

    return rc < 0 ? rc : li_as_failure(blocks->ops->read(blocks, offset, len, buf, err), err);
}

void li_blocks_expect(struct li_blocks *blocks, uint64_t offset, uint64_t len)
{
    if (blocks->ops->expect && offset <= blocks->size && len <= blocks->size - offset)
        blocks->ops->expect(blocks, offset, len);
}

int li_blocks_write(struct li_blocks *blocks, uint64_t offset, size_t len, const void *buf,
                    struct li_error *err)
{
    int rc = check_range(blocks, offset, len, err);

    if (rc == 0 && !blocks->ops->write)
        return li_fail(err, LI_EUNSUPPORTED, "the image is read-only");
    return rc < 0 ? rc : li_as_failure(blocks->ops->write(blocks, offset, len, buf, err), err);
}
