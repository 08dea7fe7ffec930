/* SPDX-License-Identifier: Apache-2.0 */
/* Compressions are told by their first bytes, also those that are not read. */
#include "tests/fixtures/unit.h"

#include "base/compression.h"

static void other_forms_are_named(void **state)
{
    static const struct {
        const char *name;
        uint8_t head[LI_COMPRESSION_HEAD];
        size_t len; /* that are needed */
    } forms_not_read[] = {
        {"bzip2", "BZh91AY&SY", 10},
        {"bzip2", "BZh9\x17\x72\x45\x38\x50\x90", 10},
        {"lzma", "]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff", 13},
        {"lz4", "\x04\x22\x4d\x18", 4},
        {"lzip", "LZIP\x01", 5},
        {"compress", "\x1f\x9d\x90", 3},
        {"zip", "PK\x03\x04", 4},
        {"7-Zip", "7z\xbc\xaf\x27\x1c", 6},
    };
    static const char *const names[] = {"]", "BZh9", "BZh91AY&S", "LZIP", "PK", "7z", "./", ""};

    (void)state;
    for (size_t i = 0; i < sizeof(forms_not_read) / sizeof(forms_not_read[0]); i++) {
        const uint8_t *head = forms_not_read[i].head;

        assert_string_equal(li_compression_unread(head, LI_COMPRESSION_HEAD),
                            forms_not_read[i].name);
        assert_null(li_compression_unread(head, forms_not_read[i].len - 1));
        assert_int_equal(li_compression_of(head, LI_COMPRESSION_HEAD), LI_COMPRESSION_NONE);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        uint8_t head[LI_COMPRESSION_HEAD] = {0};

        memcpy(head, names[i], strlen(names[i]));
        assert_null(li_compression_unread(head, sizeof(head)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_forms_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
