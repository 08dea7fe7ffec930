/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links are followed here and not by the kernel, so that a directory and a tar of the same files
 * are the same image, and so that only one place decides whether a name can leave the image. It
 * cannot: names are split and joined again without "..", each link on the way is replaced by its
 * target, the result is cleaned again, and a ".." above the root is an error. The containers only
 * see plain names, and refuse to walk through a link.
 */
#include "image/container.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

/* Drops the last part of NAME; false where there is none. */
static bool go_up(char *name)
{
    char *slash = strrchr(name, '/');

    if (!name[0])
        return false;
    *(slash ? slash : name) = '\0';
    return true;
}

static bool add_part(char *name, const char *part, size_t len)
{
    size_t have = strlen(name);

    if (have + len + 2 > LI_IMAGE_MAX_NAME)
        return false;
    if (have)
        name[have++] = '/';
    memcpy(name + have, part, len);
    name[have + len] = '\0';
    return true;
}

const char *li_image_relative(const char *name)
{
    return name + strspn(name, "/");
}

int li_image_name(const char *base, const char *name, char *out, struct li_error *err)
{
    char made[LI_IMAGE_MAX_NAME] = "";
    const char *part = name;

    if (name[0] == '/')
        return li_fail(err, LI_ECORRUPT, "the path %.200s leaves the image", name);
    if (base[0] && !add_part(made, base, strlen(base)))
        return li_fail(err, LI_ELIMIT, "the path %.200s is too long", base);
    while (*part) {
        size_t len = strcspn(part, "/");

        if (len == 2 && part[0] == '.' && part[1] == '.') {
            if (!go_up(made))
                return li_fail(err, LI_ECORRUPT, "the path %.200s leaves the image", name);
        } else if (len && !(len == 1 && part[0] == '.')) {
            if (!add_part(made, part, len))
                return li_fail(err, LI_ELIMIT, "the path %.200s is too long", name);
        }
        part += len;
        part += strspn(part, "/");
    }
    strcpy(out, made);
    return 0;
}

/* Replaces the first LEN bytes of NAME, which are a link, by its target. */
static int follow(char *name, size_t len, enum li_image_kind kind, const char *target,
                  struct li_error *err)
{
    char base[LI_IMAGE_MAX_NAME] = "";
    char rest[LI_IMAGE_MAX_NAME];

    strcpy(rest, name[len] == '/' ? name + len + 1 : "");
    if (kind == LI_IMAGE_HARDLINK)
        target = li_image_relative(target); /* cleaned like the name of any member */
    if (kind == LI_IMAGE_SYMLINK) {
        memcpy(base, name, len);
        base[len] = '\0';
        go_up(base);
    }
    name[len] = '\0';
    if (li_image_name(base, target, base, err) < 0)
        return li_context(err, "the link %.200s points to %.200s", name, target);
    return li_image_name(base, rest, name, err);
}

/* Examines NAME part by part. Sets *again if a link was replaced and the walk must begin again. */
static int walk(struct li_image_container *c, char *name, enum li_image_kind *kind, bool *again,
                struct li_error *err)
{
    char target[LI_IMAGE_MAX_NAME];
    char part[LI_IMAGE_MAX_NAME];
    int rc;

    *again = false;
    for (size_t len = strcspn(name, "/");; len += 1 + strcspn(name + len + 1, "/")) {
        memcpy(part, name, len);
        part[len] = '\0';
        rc = c->look(c, part, kind, target, err);
        if (rc < 0)
            return rc;
        if (*kind == LI_IMAGE_SYMLINK || *kind == LI_IMAGE_HARDLINK) {
            *again = true;
            return follow(name, len, *kind, target, err);
        }
        if (!name[len])
            return 0;
    }
}

int li_image_find(struct li_image_container *c, const char *name, struct li_image_extent *out,
                  struct li_error *err)
{
    char at[LI_IMAGE_MAX_NAME];
    enum li_image_kind kind = LI_IMAGE_ABSENT;
    bool again = true;
    int rc;

    rc = li_image_name("", li_image_relative(name), at, err);
    for (int links = 0; rc == 0 && again; links++) {
        if (links > LI_IMAGE_MAX_LINKS)
            return li_fail(err, LI_ECORRUPT, "%.200s: more than %d links follow each other", name,
                           LI_IMAGE_MAX_LINKS);
        rc = walk(c, at, &kind, &again, err);
    }
    if (rc < 0)
        return rc;
    if (kind == LI_IMAGE_ABSENT)
        return LI_END;
    if (kind != LI_IMAGE_FILE)
        return li_fail(err, LI_ECORRUPT, "%.200s is not a regular file", name);
    return c->open(c, at, out, err);
}

void li_image_close(struct li_image_extent *extent)
{
    if (extent->owned >= 0)
        close(extent->owned);
    extent->owned = -1;
}

int li_image_read(struct li_image_container *c, const char *name, size_t limit,
                  struct li_buffer *out, struct li_error *err)
{
    struct li_image_extent extent;
    int rc = li_image_find(c, name, &extent, err);

    if (rc != 0)
        return rc;
    if (extent.length > limit)
        rc = li_fail(err, LI_ELIMIT, "%.200s has %llu bytes, which is over the limit of %zu", name,
                     (unsigned long long)extent.length, limit);
    if (rc == 0)
        rc = li_buffer_reserve(out, out->len + (size_t)extent.length + 1, err);
    if (rc == 0)
        rc = li_pread_all(extent.fd, out->data + out->len, (size_t)extent.length, extent.offset,
                          err);
    if (rc == 0)
        out->len += (size_t)extent.length;
    li_image_close(&extent);
    return rc;
}
