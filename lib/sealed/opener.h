/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opener: the only way from a chunk's entry in a manifest to its plaintext.
 *
 * It fetches the sealed bytes from a source, and releases the plaintext only after the MAC, the
 * bounded decompression and the manifest's digest have been verified (see crypto/seal.h). It tells
 * the source the fate of each chunk.
 *
 * One thread needs one opener: a sealer, a buffer for sealed bytes and one for the plaintext. Many
 * openers may share a source.
 *
 * A caller that only checks whether a stored chunk is sound, and replaces it if it is not, needs no
 * more than this:
 *
 *     li_opener_check(opener, root, chunk, &finding, err)    0 if the chunk was examined
 *     finding.health == LI_SEALED_SOUND                      and it is in finding.root
 *     li_seal_chunk(li_opener_sealer(opener), ...)           seals another in its place
 */
#ifndef LI_SEALED_OPENER_H
#define LI_SEALED_OPENER_H

#include <stdint.h>

#include "base/error.h"
#include "crypto/seal.h"
#include "manifest/manifest.h"
#include "sealed/sealed.h"

struct li_opener;

/* Makes an opener over SOURCE, which is borrowed and must outlive it. LI_ENOMEM. */
int li_opener_new(struct li_sealed *source, struct li_opener **out, struct li_error *err);

/* Frees it, and wipes its plaintext. NULL is allowed. */
void li_opener_free(struct li_opener *opener);

/* COUNT openers over SOURCE, one for each worker. The caller frees *OUT with li_openers_free().
 * LI_ENOMEM. */
int li_openers_new(struct li_sealed *source, unsigned count, struct li_opener ***out,
                   struct li_error *err);
void li_openers_free(struct li_opener **openers, unsigned count); /* NULL is allowed */

/* Fetches and opens CHUNK into PLAIN, LI_CHUNK_SIZE bytes. Its manifest was made in ROOT. The
 * manifest lists the chunk, so a missing chunk is a failure, whatever a source calls it. Returns
 * the codes of li_as_failure(), with a text that names the chunk. On failure PLAIN is wiped, or
 * unchanged. */
int li_opener_open(struct li_opener *opener, const uint8_t root[LI_ID_SIZE],
                   const struct li_manifest_chunk *chunk, uint8_t *plain, struct li_error *err);

/* Fetches and opens CHUNK to see whether it is sound. Returns 0 if OUT has the answer, or why there
 * is none; OUT's health is then LI_SEALED_UNKNOWN. */
int li_opener_check(struct li_opener *opener, const uint8_t root[LI_ID_SIZE],
                    const struct li_manifest_chunk *chunk, struct li_sealed_finding *out,
                    struct li_error *err);

/* The opener's sealer. The thread may seal with it between two calls. */
struct li_sealer *li_opener_sealer(struct li_opener *opener);

#endif
