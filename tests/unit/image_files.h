/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small images for tests: a list of files, which is then packed as a tar or laid out as a
 * directory, so that each case is tried with both. The tar is written by hand, since tests need
 * broken ones.
 */
#ifndef LI_TESTS_IMAGE_FILES_H
#define LI_TESTS_IMAGE_FILES_H

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/io.h"
#include "image/image.h"

#define HELPER static inline __attribute__((unused))

#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define OCI_LAYER "application/vnd.oci.image.layer.v1.tar"

#define LAYER_A "the lower layer's bytes"
#define LAYER_B "the upper layer's bytes, which are more"

struct file {
    char name[160];
    char *data; /* contents, or a link's target */
    size_t len;
    char type; /* as in a tar: '0' file, '1' hard link, '2' symbolic link, '6' FIFO, 'x' PAX records
                */
};

struct files {
    struct file list[64];
    size_t count;
    char dir[32];   /* a directory of the test's own, once laid out */
    char where[64]; /* what to open */
};

struct hex {
    char text[65];
};

HELPER struct hex sha256_hex(const void *data, size_t len)
{
    uint8_t digest[32];
    struct hex hex;

    assert_int_equal(EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL), 1);
    li_hex_encode(digest, 32, hex.text);
    return hex;
}

HELPER struct hex text_hex(const char *text)
{
    return sha256_hex(text, strlen(text));
}

HELPER void add(struct files *f, char type, const char *name, const void *data, size_t len)
{
    struct file *to = &f->list[f->count++];

    assert_true(f->count <= 64);
    snprintf(to->name, sizeof(to->name), "%s", name);
    to->data = malloc(len + 1);
    assert_non_null(to->data);
    memcpy(to->data, data, len);
    to->data[len] = '\0';
    to->len = len;
    to->type = type;
}

HELPER bool has_data(const struct file *file)
{
    return file->type == '0' || file->type == 'x';
}

HELPER void add_text(struct files *f, const char *name, const char *text)
{
    add(f, '0', name, text, strlen(text));
}

/* Takes over TEXT, as asprintf() made it. */
HELPER void add_made(struct files *f, const char *name, char *text)
{
    add_text(f, name, text);
    free(text);
}

HELPER char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
HELPER char *format(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    assert_true(vasprintf(&text, fmt, ap) >= 0);
    va_end(ap);
    return text;
}

/* Adds TEXT as a blob, freeing it; returns a descriptor of it, with MORE members (", ..."). */
HELPER char *add_blob(struct files *f, const char *media_type, char *text, const char *more)
{
    struct hex hex = text_hex(text);
    char *name = format("blobs/sha256/%s", hex.text);
    char *descriptor;

    add_text(f, name, text);
    descriptor = format("{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%zu%s}",
                        media_type, hex.text, strlen(text), more);
    free(name);
    free(text);
    return descriptor;
}

/* A config for layers of LAYER_A and LAYER_B. */
HELPER char *make_config(const char *architecture)
{
    return format("{\"os\":\"linux\",\"architecture\":\"%s\",\"rootfs\":{\"type\":\"layers\","
                  "\"diff_ids\":[\"sha256:%s\",\"sha256:%s\"]}}",
                  architecture, text_hex(LAYER_A).text, text_hex(LAYER_B).text);
}

/* Adds the config under its digest's name, "./HEX.json", and gives the digest. */
HELPER struct hex add_config(struct files *f)
{
    char *config = make_config("amd64");
    struct hex hex = text_hex(config);
    char *name = format("./%s.json", hex.text);

    add_made(f, name, config);
    free(name);
    return hex;
}

/* manifest.json for the config HEX.json, with LAYERS as the text of an array. */
HELPER void add_manifest(struct files *f, struct hex config, const char *tags, const char *layers)
{
    add_made(f, "manifest.json",
             format("[{\"Config\":\"%s.json\",\"RepoTags\":%s,\"Layers\":%s}]", config.text, tags,
                    layers));
}

#define OLD_LAYERS "[\"id1/layer.tar\",\"id2/layer.tar\"]"

/* As Docker wrote it before version 25. */
HELPER void old_docker(struct files *f)
{
    struct hex config = add_config(f);

    add_text(f, "id1/layer.tar", LAYER_A);
    add_text(f, "id2/layer.tar", LAYER_B);
    add_manifest(f, config, "[\"app:1\"]", OLD_LAYERS);
}

HELPER int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

HELPER void remove_files(struct files *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->list[i].data);
    if (f->dir[0])
        assert_int_equal(nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    memset(f, 0, sizeof(*f));
}

HELPER void make_dir(struct files *f)
{
    if (f->dir[0])
        return;
    strcpy(f->dir, "/tmp/unit-image-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
}

HELPER void write_file(const char *path, const void *data, size_t len)
{
    struct li_error err = LI_ERROR_INIT;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_done(li_pwrite_all(fd, data, len, 0, &err), &err);
    close(fd);
}

HELPER void put_header(struct li_buffer *tar, const struct file *file, struct li_error *err)
{
    unsigned char h[512] = {0};
    unsigned sum = 0;
    bool link = !has_data(file);

    snprintf((char *)h, 100, "%s", file->name);
    snprintf((char *)h + 100, 8, "%07o", 0644);
    snprintf((char *)h + 124, 12, "%011zo", link ? (size_t)0 : file->len);
    memset(h + 148, ' ', 8);
    h[156] = (unsigned char)file->type;
    if (link)
        snprintf((char *)h + 157, 100, "%s", file->data);
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < sizeof(h); i++)
        sum += h[i];
    snprintf((char *)h + 148, 8, "%06o", sum);
    assert_done(li_buffer_append(tar, h, sizeof(h), err), err);
}

HELPER void make_tar(const struct files *f, struct li_buffer *tar)
{
    struct li_error err = LI_ERROR_INIT;
    static const char zeroes[1024];

    for (size_t i = 0; i < f->count; i++) {
        const struct file *file = &f->list[i];

        put_header(tar, file, &err);
        if (!has_data(file))
            continue;
        assert_done(li_buffer_append(tar, file->data, file->len, &err), &err);
        assert_done(li_buffer_append(tar, zeroes, -file->len % 512, &err), &err);
    }
    assert_done(li_buffer_append(tar, zeroes, sizeof(zeroes), &err), &err);
}

/* Lays the files out as a tar. */
HELPER void pack(struct files *f)
{
    struct li_buffer tar = {0};

    make_dir(f);
    snprintf(f->where, sizeof(f->where), "%s/image.tar", f->dir);
    make_tar(f, &tar);
    write_file(f->where, tar.data, tar.len);
    li_buffer_free(&tar);
}

/* Lays the files out as a directory. */
HELPER void spread(struct files *f)
{
    struct li_error err = LI_ERROR_INIT;

    make_dir(f);
    snprintf(f->where, sizeof(f->where), "%s/image", f->dir);
    if (access(f->where, F_OK) == 0)
        assert_int_equal(nftw(f->where, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    for (size_t i = 0; i < f->count; i++) {
        const struct file *file = &f->list[i];
        char *path = format("%s/%s", f->where, file->name);
        char *slash = strrchr(path, '/');

        *slash = '\0';
        assert_done(li_make_directories(path, &err), &err);
        *slash = '/';
        if (file->type == '0')
            write_file(path, file->data, file->len);
        else
            assert_int_equal(symlink(file->data, path), 0);
        free(path);
    }
}

HELPER int open_files(const struct files *f, const char *want, const char *platform,
                      struct li_image **out, struct li_error *err)
{
    const struct li_image_options options = {want, platform};

    return li_image_open(f->where, &options, &unit_env, out, err);
}

HELPER void check_layer(const struct li_image *image, size_t index, const char *text)
{
    struct li_error err = LI_ERROR_INIT;
    const struct li_blob *blob = li_image_layer(image, index);
    char got[128] = "", diff[65];

    assert_int_equal(blob->length, strlen(text));
    assert_done(li_pread_all(blob->fd, got, strlen(text), blob->offset, &err), &err);
    assert_string_equal(got, text);
    li_hex_encode(blob->diff_id, 32, diff);
    assert_string_equal(diff, text_hex(text).text);
    if (blob->has_digest) {
        li_hex_encode(blob->digest, 32, diff);
        assert_string_equal(diff, text_hex(text).text);
    }
}

/* The image is the one of make_config(ARCHITECTURE) with both layers. */
HELPER void check_image(const struct li_image *image, const char *architecture, const char *tag)
{
    char *config = make_config(architecture), digest[65];
    size_t len;

    assert_int_equal(li_image_layers(image), 2);
    check_layer(image, 0, LAYER_A);
    check_layer(image, 1, LAYER_B);
    assert_string_equal(li_image_os(image), "linux");
    assert_string_equal(li_image_architecture(image), architecture);
    assert_memory_equal(li_image_config(image, &len), config, strlen(config));
    assert_int_equal(len, strlen(config));
    li_hex_encode(li_image_config_digest(image), 32, digest);
    assert_string_equal(digest, text_hex(config).text);
    if (tag)
        assert_string_equal(li_image_tag(image), tag);
    else
        assert_null(li_image_tag(image));
    free(config);
}

/* Opens the files, as a tar and as a directory, and checks the image. */
HELPER void expect_image(struct files *f, const char *want, const char *platform,
                         const char *architecture, const char *tag)
{
    for (int as_tar = 0; as_tar < 2; as_tar++) {
        struct li_error err = LI_ERROR_INIT;
        struct li_image *image = NULL;

        if (as_tar)
            pack(f);
        else
            spread(f);
        assert_done(open_files(f, want, platform, &image, &err), &err);
        check_image(image, architecture, tag);
        li_image_free(image);
    }
}

HELPER void expect_failure(struct files *f, const char *want, const char *platform, int code,
                           const char *words)
{
    for (int as_tar = 0; as_tar < 2; as_tar++) {
        struct li_error err = LI_ERROR_INIT;
        struct li_image *image = NULL;

        if (as_tar)
            pack(f);
        else
            spread(f);
        assert_fails(open_files(f, want, platform, &image, &err), code, words, &err);
        assert_null(image);
    }
}

/* A group's setup and teardown: no test may leave a descriptor open. */
HELPER int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

HELPER int note_descriptors(void **state)
{
    static int count;

    count = count_descriptors();
    *state = &count;
    return 0;
}

HELPER int check_descriptors(void **state)
{
    return count_descriptors() == *(int *)*state ? 0 : -1;
}

#endif
