/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON header of a manifest; for manifest.c alone. */
#ifndef LI_MANIFEST_MANIFEST_JSON_H
#define LI_MANIFEST_MANIFEST_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "manifest/manifest.h"

/* Appends the header of MANIFEST, compact and with sorted members, to OUT. LI_EINVALID where a
 * field is not what the decoder takes, LI_EUNSUPPORTED where the config is not UTF-8, LI_ELIMIT. */
int li_manifest_json_encode(const struct li_manifest *manifest, struct li_buffer *out,
                            struct li_error *err);

/* Fills in what the header holds; the caller frees OUT also on failure. LI_ECORRUPT,
 * LI_EUNSUPPORTED (a format of later versions). */
int li_manifest_json_decode(const uint8_t *json, size_t len, struct li_manifest *out,
                            struct li_error *err);

#endif
