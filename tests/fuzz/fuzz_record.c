/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer's entries as the memo keeps them, with no check of who wrote them before. An input whose
 * first byte is odd is the packed form; else it is entries, which are packed rightly.
 */
#include "fuzz.h"

#include "layer/record.h"

const size_t fuzz_memory = 24;

/* Looks at every byte that an entry leads to. */
static int visit(void *arg, const struct li_entry *entry, struct li_error *err)
{
    uint64_t *sum = arg;

    (void)err;
    *sum += strlen(entry->path) + entry->inode.size;
    *sum += entry->target ? strlen(entry->target) : 0;
    *sum += entry->hard_link ? strlen(entry->hard_link) : 0;
    *sum += entry->left_out ? strlen(entry->left_out) : 0;
    *sum += entry->named_acl ? strlen(entry->named_acl) : 0;
    for (size_t i = 0; i < entry->xattr_count; i++) {
        *sum += strlen(entry->xattrs[i].name);
        for (size_t j = 0; j < entry->xattrs[i].size; j++)
            *sum += entry->xattrs[i].value[j];
    }
    for (size_t i = 0; i < entry->run_count; i++) {
        assert_true(entry->runs[i].length > 0 &&
                    entry->runs[i].length <= entry->inode.size - entry->runs[i].offset);
        *sum += entry->runs[i].length;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct li_record record = {.length = 1 << 20, .whole = true};
    struct li_error err = LI_ERROR_INIT;
    uint64_t sum = 0;
    uint8_t *piece;

    if (size < 2)
        return 0;
    if (data[0] % 2) {
        record.entries.blocks = (struct li_buffer){
            .data = fuzz_copy(data + 1, size - 1), .len = size - 1, .cap = size - 1};
    } else {
        assert_done(li_packed_add(&record.entries, size - 1, &piece, &err), &err);
        memcpy(piece, data + 1, size - 1);
        assert_done(li_packed_end(&record.entries, &err), &err);
    }
    fuzz_check_error(li_record_replay(&record, 0, 0, visit, &sum, &err), &err);
    li_record_drop(&record);
    return 0;
}
