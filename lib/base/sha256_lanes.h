/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compression function of SHA-256 (FIPS 180-4, 6.2.2) with the processor's own instructions,
 * over one or two messages at once. sha256.c does everything else.
 *
 * Each round waits for the one before it, so one message leaves such a processor idle half of the
 * time. A second message uses that time at no cost. No library of Debian 12 offers this for
 * messages of a chunk's length.
 */
#ifndef LI_BASE_SHA256_LANES_H
#define LI_BASE_SHA256_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LI_SHA256_BLOCK = 64, LI_SHA256_WORDS = 8 };

/* Whether this processor has the instructions (x86 with SHA, SSSE3 and SSE4.1). The functions below
 * need them. Any thread. */
bool li_sha256_lanes_here(void);

/* Adds COUNT blocks to a state, or COUNT blocks each to two different states. */
void li_sha256_lane(uint32_t state[LI_SHA256_WORDS], const uint8_t *blocks, size_t count);
void li_sha256_two_lanes(uint32_t state0[LI_SHA256_WORDS], const uint8_t *blocks0,
                         uint32_t state1[LI_SHA256_WORDS], const uint8_t *blocks1, size_t count);

#endif
