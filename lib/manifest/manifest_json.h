/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON header of a manifest; for manifest.c alone. */
#ifndef LI_MANIFEST_MANIFEST_JSON_H
#define LI_MANIFEST_MANIFEST_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "manifest/manifest.h"

/* Appends the header of MANIFEST, compact and with sorted members, to OUT. LI_EINVALID if the
 * decoder would not accept a field, LI_EUNSUPPORTED if the config is not UTF-8, LI_ELIMIT. */
int li_manifest_json_encode(const struct li_manifest *manifest, struct li_buffer *out,
                            struct li_error *err);

/* Fills OUT from the header; the caller frees OUT, also on failure. LI_ECORRUPT, LI_EUNSUPPORTED (a
 * later format). */
int li_manifest_json_decode(const uint8_t *json, size_t len, struct li_manifest *out,
                            struct li_error *err);

#endif
