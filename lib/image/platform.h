/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Platforms, in the terms of the OCI image-spec (image index, "platform") and of GOOS and GOARCH.
 *
 * A platform has several spellings: arm64 is aarch64 and arm64/v8, arm is armhf and arm/v7, amd64
 * is x86_64 and amd64/v1, in any case. All functions here give the spellings that containerd
 * compares: the shorter ones, but the longer one of arm.
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
 * LI_ECORRUPT if they are not strings, or too long. */
int li_image_platform_read(const struct li_image_json *object, struct li_image_platform *out,
                           struct li_error *err);

/* "linux" and what the kernel says this machine is. */
void li_image_platform_host(struct li_image_platform *out);

/* Whether all three are the same. */
bool li_image_platform_equal(const struct li_image_platform *a, const struct li_image_platform *b);

/* How well HAVE serves a request for WANT: 0 if they are equal, larger the worse it serves,
 * negative if it does not. As in containerd, a variant of amd64, arm and arm64 runs images made for
 * earlier variants, and the architecture must match. A request without a variant gets any, an early
 * one rather than a later one. */
int li_image_platform_rank(const struct li_image_platform *have,
                           const struct li_image_platform *want);

/* Writes "os/architecture/variant" to OUT, which has LI_IMAGE_PLATFORM_TEXT bytes; returns OUT. */
const char *li_image_platform_text(const struct li_image_platform *p, char *out);

#endif
