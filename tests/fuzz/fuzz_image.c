/* SPDX-License-Identifier: Apache-2.0 */
/* Images as they arrive: a docker-save archive or an OCI layout in one file. */
#include "fuzz.h"

#include "base/io.h"
#include "base/sha256.h"

static void look_at_layer(const struct li_blob *blob)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t byte;

    assert_true(strlen(blob->name) > 0);
    if (blob->length > 0)
        fuzz_check_error(li_pread_all(blob->fd, &byte, 1, blob->offset + blob->length - 1, &err),
                         &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct li_layers *layers = NULL;
    uint8_t *copy = fuzz_copy(data, size);
    size_t len = 0;
    int rc;

    fuzz_fix_checksums(copy, size);
    rc = fuzz_open_image(copy, size, &image, &err);
    fuzz_check_error(rc, &err);
    if (rc == 0) {
        for (size_t i = 0; i < li_image_layers(image); i++)
            look_at_layer(li_image_layer(image, i));
        assert_non_null(li_image_config(image, &len));
        assert_non_null(memchr(li_image_config(image, &len), '}', len));
        assert_non_null(li_image_os(image));
        assert_non_null(li_image_architecture(image));
        rc = li_layers_open(image, &fuzz_env, &layers, &err);
        if (rc == 0)
            rc = li_layers_verified(layers, &err);
        fuzz_check_error(rc, &err);
    }
    li_layers_free(layers);
    li_image_free(image);
    free(copy);
    return 0;
}
