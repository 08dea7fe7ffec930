/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: make the path into a container, then choose an image from all that are in it.
 *
 * An archive of Docker 25 and later has both formats, which need not name the same images: the
 * index knows platforms and other artifacts, manifest.json knows tags, and an image saved by its
 * digest may be in only one of them. So we list what either names, whatever is asked for. As in
 * containerd, an index.json counts if oci-layout is beside it; without manifest.json a missing
 * oci-layout is an error.
 */
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/choice.h"
#include "image/spool.h"

#define ACCEPTED                                                                                   \
    "lambdaimg reads docker-save archives and OCI layouts, as a tar (also gzip, zstd or xz) or "   \
    "a directory"

/* Replaces *fd by a temporary file with its contents, decompressed. */
static int spool(int *fd, const struct li_env *env, struct li_error *err)
{
    int spooled = -1;
    int rc = li_image_spool(*fd, env, &spooled, err);

    if (rc < 0)
        return rc;
    close(*fd);
    *fd = spooled;
    return 0;
}

/* Makes *fd a regular file that is not compressed, unless it is a directory. */
static int make_readable(int *fd, const struct li_env *env, bool *directory, struct li_error *err)
{
    struct stat st;
    bool compressed = false;
    int rc = 0;

    if (fstat(*fd, &st) < 0)
        return li_fail_errno(err, errno, "cannot open it");
    *directory = S_ISDIR(st.st_mode);
    if (*directory)
        return 0;
    if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
        return li_fail(err, LI_EUNSUPPORTED, "it is a device, not an image; " ACCEPTED);
    if (!S_ISREG(st.st_mode) || lseek(*fd, 0, SEEK_CUR) != 0)
        return spool(fd, env, err);
    rc = li_image_compressed(*fd, &compressed, err);
    if (rc == 0 && compressed)
        rc = spool(fd, env, err);
    return rc;
}

static int open_container(int fd, const struct li_env *env, struct li_image_container **out,
                          struct li_error *err)
{
    bool directory = false;
    int rc = make_readable(&fd, env, &directory, err);

    if (rc < 0) {
        close(fd);
        return rc;
    }
    if (directory)
        return li_image_directory_open(fd, out, err);
    rc = li_image_archive_open(fd, out, err);
    if (rc == LI_END)
        return li_fail(err, LI_EUNSUPPORTED, "it is not an image; " ACCEPTED);
    return rc;
}

static int has(struct li_image_container *c, const char *name, bool *out, struct li_error *err)
{
    struct li_image_extent extent;
    int rc = li_image_find(c, name, &extent, err);

    if (rc < 0)
        return rc;
    *out = rc != LI_END;
    if (*out)
        li_image_close(&extent);
    return 0;
}

int li_image_fail_root(struct li_error *err)
{
    return li_fail(err, LI_EUNSUPPORTED,
                   "it is a root file system (as from docker export), not an image; use docker "
                   "save, or docker import it first");
}

static int fail_format(struct li_image_container *c, struct li_error *err)
{
    bool old = false;

    if (has(c, "repositories", &old, err) == 0 && old)
        return li_fail(err, LI_EUNSUPPORTED,
                       "it has no manifest.json: it is cut short, or saved by a Docker before "
                       "1.10; save it again");
    if (c->has_root_files(c))
        return li_image_fail_root(err);
    return li_fail(err, LI_EUNSUPPORTED,
                   "it is not an image, or is cut short: it has neither manifest.json nor "
                   "index.json; " ACCEPTED);
}

static int take_tag(struct li_image *image, const char *tag, struct li_error *err)
{
    if (!tag)
        return 0;
    image->tag = strdup(li_image_name_short(tag));
    return image->tag ? 0 : li_fail_memory(err);
}

static int load(struct li_image *image, const struct li_image_options *options,
                struct li_error *err)
{
    struct li_image_choice choice = {.image = image, .options = options};
    const struct li_image_candidate *chosen = NULL;
    bool docker = false, oci = false, layout = false;
    const char *tag = NULL;
    int rc = has(image->container, "manifest.json", &docker, err);

    if (rc == 0)
        rc = has(image->container, "index.json", &oci, err);
    if (rc == 0)
        rc = has(image->container, "oci-layout", &layout, err);
    if (rc == 0 && !docker && !oci)
        rc = fail_format(image->container, err);
    if (rc == 0 && oci && (layout || !docker))
        rc = li_image_oci_list(&choice, err);
    if (rc == 0 && docker)
        rc = li_image_docker_list(&choice, err);
    if (rc == 0)
        rc = li_image_choose(&choice, &chosen, &tag, err);
    if (rc == 0)
        rc = chosen->docker ? li_image_docker_load(&choice, chosen, err)
                            : li_image_oci_load(&choice, chosen, err);
    if (rc == 0)
        rc = take_tag(image, tag, err);
    li_image_choice_free(&choice);
    image->container->forget(image->container);
    return rc;
}

/* What was freed lies in small pieces, which malloc() would keep for pieces as small. Layers need
 * large ones next. */
static void return_memory(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

int li_image_open(const char *path, const struct li_image_options *options,
                  const struct li_env *env, struct li_image **out, struct li_error *err)
{
    struct li_image *image = calloc(1, sizeof(*image));
    int fd, rc;

    if (!image)
        return li_fail_memory(err);
    if (strcmp(path, "-") == 0)
        fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    else
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        rc = li_fail_errno(err, errno, "cannot open it");
    else
        rc = open_container(fd, env, &image->container, err);
    if (rc == 0)
        rc = load(image, options, err);
    return_memory();
    if (rc == 0) {
        *out = image;
        return 0;
    }
    li_image_free(image);
    return rc;
}

void li_image_free(struct li_image *image)
{
    if (!image)
        return;
    for (size_t i = 0; i < image->count; i++) {
        if (image->layers[i].owned >= 0)
            close(image->layers[i].owned);
        free((char *)image->layers[i].blob.name);
    }
    free(image->layers);
    li_buffer_wipe_free(&image->config);
    free(image->tag);
    for (size_t i = 0; i < image->note_count; i++)
        free(image->notes[i]);
    if (image->container)
        image->container->free(image->container);
    free(image);
}

size_t li_image_layers(const struct li_image *image)
{
    return image->count;
}

const struct li_blob *li_image_layer(const struct li_image *image, size_t index)
{
    return &image->layers[index].blob;
}

const char *li_image_config(const struct li_image *image, size_t *len)
{
    *len = image->config.len;
    return (const char *)image->config.data;
}

const uint8_t *li_image_config_digest(const struct li_image *image)
{
    return image->config_digest;
}

const char *li_image_os(const struct li_image *image)
{
    return image->platform.os;
}

const char *li_image_architecture(const struct li_image *image)
{
    return image->platform.architecture;
}

const char *li_image_tag(const struct li_image *image)
{
    return image->tag;
}

size_t li_image_notes(const struct li_image *image)
{
    return image->note_count;
}

const char *li_image_note(const struct li_image *image, size_t index)
{
    return image->notes[index];
}
