/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the layers of a costly image into an archive: as docker save does, or as an OCI layout. */
#include <archive.h>
#include <archive_entry.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/sha256.h"
#include "tests/tools/costly.h"
#include "tests/tools/randomline.h"
#include "tests/tools/tarfile.h"

enum { DIGEST = 2 * LI_SHA256_SIZE + 1 };

static const char *const types[] = {"application/vnd.oci.image.config.v1+json",
                                    "application/vnd.oci.image.manifest.v1+json",
                                    "application/vnd.oci.image.index.v1+json"};
enum type { CONFIG, MANIFEST, INDEX };

struct layer {
    struct li_buffer stored;
    char diff_id[DIGEST], digest[DIGEST];
};

struct archive_out {
    const struct costly *c;
    struct li_buffer tar;
    struct layer lower, upper;
    uint64_t bytes; /* of all that is in it, uncompressed */
};

static void digest_of(const struct li_buffer *data, char text[DIGEST])
{
    struct li_error error = LI_ERROR_INIT;
    uint8_t digest[LI_SHA256_SIZE];

    if (li_sha256(data->data, data->len, digest, &error) < 0)
        errx(1, "%s", error.text);
    li_hex_encode(digest, sizeof(digest), text);
}

/* ---- compression ---- */

static la_ssize_t write_piece(struct archive *a, void *to, const void *data, size_t len)
{
    (void)a;
    tar_append(to, data, len);
    return (la_ssize_t)len;
}

/* By chance by gzip, by zstd, or not at all. */
static void compress(const struct li_buffer *from, struct li_buffer *to)
{
    static const int filters[] = {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD};
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_filetype(entry, AE_IFREG);
    if (archive_write_set_format_raw(a) != ARCHIVE_OK ||
        archive_write_add_filter(a, pick_of(filters)) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
        archive_write_open(a, to, NULL, write_piece, NULL) != ARCHIVE_OK ||
        archive_write_header(a, entry) != ARCHIVE_OK ||
        archive_write_data(a, from->data, from->len) != (la_ssize_t)from->len ||
        archive_write_close(a) != ARCHIVE_OK)
        errx(1, "%s", archive_error_string(a));
    archive_entry_free(entry);
    archive_write_free(a);
}

/* ---- members ---- */

static void put_member(struct archive_out *out, const char *name, const struct li_buffer *data)
{
    struct tar_header h = {.mode = 0644, .type = '0', .magic = TAR_USTAR};

    snprintf(h.name, sizeof(h.name), "%s", name);
    h.size = (int64_t)data->len;
    tar_put_header(&out->tar, &h);
    tar_append(&out->tar, data->data, data->len);
    tar_pad(&out->tar);
}

static void put_document(struct archive_out *out, const char *name, const struct li_buffer *data)
{
    put_member(out, name, data);
    out->bytes += data->len;
}

static void put_blob(struct archive_out *out, const char *digest, const struct li_buffer *data)
{
    char name[200];

    snprintf(name, sizeof(name), "blobs/sha256/%s", digest);
    put_member(out, name, data);
}

/* Of names that no document has. */
static void put_others(struct archive_out *out)
{
    struct li_buffer records = {0};
    char name[1024];

    for (unsigned i = 0; i < out->c->members; i++) {
        snprintf(name, sizeof(name), "%01000u", i);
        records.len = 0;
        tar_record_text(&records, "path", name);
        if (out->c->member_acls)
            costly_acl(&records, 100000, 90000, "");
        tar_put_special(&out->tar, 'x', records.data, records.len);
        put_document(out, "x", &(struct li_buffer){0});
        out->bytes += records.len + 3 * (uint64_t)TAR_BLOCK;
    }
    li_buffer_free(&records);
}

/* ---- layers ---- */

static void make_layer(struct archive_out *out, const struct li_buffer *entries,
                       struct layer *layer)
{
    static const uint8_t end[2 * TAR_BLOCK];
    struct li_buffer tar = {0};

    if (entries->len > 0)
        tar_append(&tar, entries->data, entries->len);
    tar_append(&tar, end, sizeof(end));
    digest_of(&tar, layer->diff_id);
    compress(&tar, &layer->stored);
    digest_of(&layer->stored, layer->digest);
    out->bytes += tar.len;
    li_buffer_free(&tar);
}

/* Adds BEFORE, the layer's own text and BEHIND for each layer, with commas between. */
static void add_layers(const struct archive_out *out, struct li_buffer *to, const char *before,
                       const char *lower, const char *upper, const char *behind)
{
    costly_text(to, "%s%s%s", before, lower, behind);
    for (unsigned i = 0; i < out->c->uppers; i++)
        costly_text(to, ",%s%s%s", before, upper, behind);
}

static void add_more(const struct archive_out *out, struct li_buffer *to)
{
    if (out->c->more.len > 0)
        tar_append(to, out->c->more.data, out->c->more.len);
}

static void make_config(const struct archive_out *out, struct li_buffer *to)
{
    costly_text(to, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
                    "\"diff_ids\":[");
    add_layers(out, to, "\"sha256:", out->lower.diff_id, out->upper.diff_id, "\"");
    costly_text(to, "]}");
    add_more(out, to);
    costly_text(to, "}");
}

/* ---- docker save ---- */

static void put_docker(struct archive_out *out)
{
    struct li_buffer config = {0}, manifest = {0};
    unsigned names = out->c->names ? out->c->names : 1;

    put_member(out, "lower.tar", &out->lower.stored);
    put_member(out, "upper.tar", &out->upper.stored);
    make_config(out, &config);
    put_document(out, "config.json", &config);
    costly_text(&manifest, "[");
    for (unsigned i = 0; i < names; i++) {
        costly_text(&manifest, "%s{\"Config\":\"config.json\",\"RepoTags\":[\"demo:%u\"],",
                    i ? "," : "", i);
        costly_text(&manifest, "\"Layers\":[");
        add_layers(out, &manifest, "\"", "lower.tar", "upper.tar", "\"");
        costly_text(&manifest, "]}");
    }
    costly_text(&manifest, "]");
    put_document(out, "manifest.json", &manifest);
    li_buffer_free(&config);
    li_buffer_free(&manifest);
}

/* ---- OCI ---- */

/* Puts DATA into the archive, and its descriptor in its place. */
static void put_described(struct archive_out *out, enum type type, struct li_buffer *data)
{
    char digest[DIGEST];
    size_t size = data->len;

    digest_of(data, digest);
    put_blob(out, digest, data);
    out->bytes += size;
    data->len = 0;
    costly_text(data,
                "{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%zu,\"platform\":"
                "{\"os\":\"linux\",\"architecture\":\"amd64\"}}",
                types[type], digest, size);
}

static void add_layer_descriptors(const struct archive_out *out, struct li_buffer *to)
{
    const struct layer *layers[] = {&out->lower, &out->upper};
    char words[2][300];

    for (int i = 0; i < 2; i++)
        snprintf(words[i], sizeof(words[i]), "%s\",\"size\":%zu", layers[i]->digest,
                 layers[i]->stored.len);
    add_layers(out, to,
               "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:",
               words[0], words[1], "}");
}

static void put_manifest(struct archive_out *out, struct li_buffer *descriptor)
{
    struct li_buffer config = {0};

    make_config(out, &config);
    put_described(out, CONFIG, &config);
    costly_text(descriptor, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%.*s,",
                types[MANIFEST], (int)config.len, (const char *)config.data);
    costly_text(descriptor, "\"layers\":[");
    add_layer_descriptors(out, descriptor);
    costly_text(descriptor, "]");
    add_more(out, descriptor);
    costly_text(descriptor, "}");
    put_described(out, MANIFEST, descriptor);
    li_buffer_free(&config);
}

static void make_index(const struct archive_out *out, const struct li_buffer *descriptor,
                       struct li_buffer *to)
{
    to->len = 0;
    costly_text(to, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%.*s]", types[INDEX],
                (int)descriptor->len, (const char *)descriptor->data);
    add_more(out, to);
    costly_text(to, "}");
}

static void put_oci(struct archive_out *out)
{
    struct li_buffer descriptor = {0}, index = {0}, version = {0}, swap;

    put_blob(out, out->lower.digest, &out->lower.stored);
    put_blob(out, out->upper.digest, &out->upper.stored);
    put_manifest(out, &descriptor);
    for (unsigned i = 0; i < out->c->indexes; i++) {
        make_index(out, &descriptor, &index);
        put_described(out, INDEX, &index);
        swap = descriptor;
        descriptor = index;
        index = swap;
    }
    make_index(out, &descriptor, &index);
    put_document(out, "index.json", &index);
    costly_text(&version, "{\"imageLayoutVersion\":\"1.0.0\"}");
    put_document(out, "oci-layout", &version);
    li_buffer_free(&descriptor);
    li_buffer_free(&index);
    li_buffer_free(&version);
}

uint64_t costly_write(struct costly *c, const char *path)
{
    static const uint8_t end[2 * TAR_BLOCK];
    struct archive_out out = {.c = c};
    struct li_buffer file = {0};

    make_layer(&out, &c->lower, &out.lower);
    make_layer(&out, &c->upper, &out.upper);
    put_others(&out);
    if (c->oci)
        put_oci(&out);
    else
        put_docker(&out);
    tar_append(&out.tar, end, sizeof(end));
    compress(&out.tar, &file);
    tar_file_write(path, file.data, file.len);
    li_buffer_free(&file);
    li_buffer_free(&out.tar);
    li_buffer_free(&out.lower.stored);
    li_buffer_free(&out.upper.stored);
    return out.bytes;
}
