/* SPDX-License-Identifier: Apache-2.0 */
/* Databases of packages in images. The first byte chooses the parser. */
#include "fuzz.h"

#include "report/packages_internal.h"

const size_t fuzz_memory = 150;

/* Looks at every byte that it is told. */
static int look(uint64_t *sum, struct li_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        *sum += (unsigned char)text.data[i];
    return 0;
}

static int take_package(void *arg, struct li_slice name, struct li_slice version,
                        struct li_error *err)
{
    (void)err;
    assert_true(name.len > 0);
    return look(arg, name) | look(arg, version);
}

static int take_file(void *arg, struct li_slice path, struct li_error *err)
{
    (void)err;
    return look(arg, path);
}

static int parse_rpmdb(const void *data, size_t len, const struct li_package_sink *sink,
                       struct li_error *err)
{
    return li_package_parse_rpmdb((void *)(uintptr_t)data, len, sink, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static li_package_parser *const parsers[] = {
        li_package_parse_status,   li_package_parse_list,   li_package_parse_sums,
        li_package_parse_apk,      li_package_parse_rpm,    parse_rpmdb,
        li_package_parse_metadata, li_package_parse_record, li_package_parse_npm};
    struct li_error err = LI_ERROR_INIT;
    uint64_t sum = 0;
    const struct li_package_sink sink = {take_package, take_file, &sum};
    uint8_t *copy;

    if (size < 1)
        return 0;
    copy = fuzz_copy(data + 1, size - 1);
    fuzz_check_error(
        parsers[data[0] % (sizeof(parsers) / sizeof(parsers[0]))](copy, size - 1, &sink, &err),
        &err);
    free(copy);
    return 0;
}
