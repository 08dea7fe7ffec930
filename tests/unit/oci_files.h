/* SPDX-License-Identifier: Apache-2.0 */
/* OCI layouts for tests: images of LAYER_A and LAYER_B, and the documents around them. */
#ifndef LI_TESTS_OCI_FILES_H
#define LI_TESTS_OCI_FILES_H

#include "image_files.h"

#define LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define NAMED(name) ",\"annotations\":{\"io.containerd.image.name\":\"" name "\"}"
#define REF(name) ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}"
#define PLATFORM(arch) ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" arch "\"}"

/* Adds config, manifest and layers of an image; returns its descriptor. */
HELPER char *add_image(struct files *f, const char *architecture, const char *layer_type,
                       const char *more)
{
    char *config = add_blob(f, OCI_CONFIG, make_config(architecture), "");
    char *a = add_blob(f, layer_type, strdup(LAYER_A), "");
    char *b = add_blob(f, layer_type, strdup(LAYER_B), "");
    char *manifest = add_blob(f, OCI_MANIFEST,
                              format("{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST "\","
                                     "\"config\":%s,\"layers\":[%s,%s]}",
                                     config, a, b),
                              more);

    free(config);
    free(a);
    free(b);
    return manifest;
}

HELPER char *make_index(const char *manifests)
{
    return format("{\"schemaVersion\":2,\"manifests\":[%s]}", manifests);
}

/* Adds index.json and oci-layout; frees the descriptors' text. */
HELPER void add_layout(struct files *f, char *manifests)
{
    add_made(f, "index.json", make_index(manifests));
    add_text(f, "oci-layout", LAYOUT);
    free(manifests);
}

HELPER struct file *find_blob(struct files *f, const char *contents)
{
    for (size_t i = 0; i < f->count; i++)
        if (strstr(f->list[i].data, contents) && !strncmp(f->list[i].name, "blobs", 5))
            return &f->list[i];
    fail_msg("no blob with %s", contents);
    return NULL;
}

#endif
