/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/common/about.h"

#include <archive.h>
#include <ext2fs/ext2fs.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/hex.h"

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

int library_versions(char **out, struct li_error *err)
{
    const char *e2fsprogs = NULL, *archive = strchr(archive_version_string(), ' ');

    ext2fs_get_library_version(&e2fsprogs, NULL);
    if (asprintf(out, "libarchive %s, libext2fs %s, zstd %s", archive ? archive + 1 : "?",
                 e2fsprogs, ZSTD_versionString()) >= 0)
        return 0;
    *out = NULL;
    return li_fail_memory(err);
}

static int describe_tools(struct li_manifest *out, struct li_error *err)
{
    int rc = library_versions(&out->libraries, err);

    if (rc < 0)
        return rc;
    out->tool = strdup("lambdaimg " LI_VERSION);
    return out->tool ? 0 : li_fail_memory(err);
}

int describe(const struct flattened *flattened, struct li_manifest *out, struct li_error *err)
{
    const struct li_image *image = flattened->image;
    const char *config = li_image_config(image, &out->config_len);
    int rc;

    out->os = strdup(li_image_os(image));
    out->architecture = strdup(li_image_architecture(image));
    out->config = malloc(out->config_len + 1);
    if (!out->os || !out->architecture || !out->config)
        return li_fail_memory(err);
    memcpy(out->config, config, out->config_len);
    out->config[out->config_len] = '\0';
    digest_text(li_image_config_digest(image), out->config_digest);
    out->size = li_ext4_size(flattened->ext4);
    out->layout = li_tree_layout(flattened->tree);
    rc = describe_layers(image, out, err);
    return rc < 0 ? rc : describe_tools(out, err);
}
