/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Platforms, in the terms of the OCI image-spec (image index, "platform") and of GOOS and GOARCH.
 *
 * Equal platforms are written in more than one way: arm64 is aarch64 and arm64/v8, arm is armhf and
 * arm/v7, amd64 is x86_64 and amd64/v1, in any case. All functions here give the forms that
 * containerd compares: the shorter ones, of arm the longer.
 */
#ifndef LI_IMAGE_PLATFORM_H
#define LI_IMAGE_PLATFORM_H

#include <stdbool.h>

#include "base/error.h"
#include "image/json.h"

struct li_image_platform {
    char os[32]; /* "" in all three: not known */
    char architecture[32];
    char variant[32];
};

enum { LI_IMAGE_PLATFORM_TEXT = 100 };

/* Reads "os/architecture" or "os/architecture/variant". LI_EINVALID. */
int li_image_platform_parse(const char *text, struct li_image_platform *out, struct li_error *err);

/* Reads the members os, architecture and variant of OBJECT: a config, or a descriptor's platform.
 * LI_ECORRUPT where they are not strings, or longer than any. */
int li_image_platform_read(const struct li_image_json *object, struct li_image_platform *out,
                           struct li_error *err);

/* "linux" and what the kernel says this machine is. */
void li_image_platform_host(struct li_image_platform *out);

/* Whether all three are the same. */
bool li_image_platform_equal(const struct li_image_platform *a, const struct li_image_platform *b);

/* How well HAVE serves who asks for WANT: 0 where they are equal, more the worse it does, negative
 * where it does not. As containerd has it, a variant of amd64, arm and arm64 runs what was made for
 * earlier ones; the architecture never changes. Who names no variant gets any, the first rather
 * than a later one. */
int li_image_platform_rank(const struct li_image_platform *have,
                           const struct li_image_platform *want);

/* "os/architecture/variant" into OUT, which has LI_IMAGE_PLATFORM_TEXT bytes; returns OUT. */
const char *li_image_platform_text(const struct li_image_platform *p, char *out);

#endif
