/* SPDX-License-Identifier: Apache-2.0 */
/* What a manifest says about its image, from the image's own documents and the plan. */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "flatten/flatten.h"

static void digest_text(const uint8_t *digest, char text[72])
{
    memcpy(text, "sha256:", 7);
    li_hex_encode(digest, LI_DIGEST_SIZE, text + 7);
}

static int describe_layers(const struct li_image *image, struct li_manifest *out,
                           struct li_error *err)
{
    size_t count = li_image_layers(image);

    out->layers = calloc(count ? count : 1, sizeof(*out->layers));
    if (!out->layers)
        return li_fail_memory(err);
    out->layer_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct li_blob *blob = li_image_layer(image, i);

        if (blob->has_digest)
            digest_text(blob->digest, out->layers[i].digest);
        digest_text(blob->diff_id, out->layers[i].diff_id);
    }
    return 0;
}

static int describe_tools(struct li_manifest *out, struct li_error *err)
{
    int rc = li_flatten_libraries(&out->libraries, err);

    if (rc < 0)
        return rc;
    out->tool = strdup("lambdaimg " LI_VERSION);
    return out->tool ? 0 : li_fail_memory(err);
}

int li_flattened_describe(const struct li_flattened *flattened, struct li_manifest *out,
                          struct li_error *err)
{
    const struct li_image *image = li_flattened_image(flattened);
    size_t len = 0;
    const char *config = li_image_config(image, &len);
    int rc;

    out->os = strdup(li_image_os(image));
    out->architecture = strdup(li_image_architecture(image));
    out->config = malloc(len + 1);
    if (!out->os || !out->architecture || !out->config)
        return li_fail_memory(err);
    memcpy(out->config, config, len);
    out->config[len] = '\0';
    out->config_len = len;
    digest_text(li_image_config_digest(image), out->config_digest);
    out->size = li_ext4_size(li_flattened_plan(flattened));
    out->layout = li_tree_layout(li_flattened_tree(flattened));
    rc = describe_layers(image, out, err);
    return rc < 0 ? rc : describe_tools(out, err);
}
