/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compression function of SHA-256 (FIPS 180-4, 6.2.2) by the processor's own instructions, over
 * one message or over two at once. For sha256.c, which does all else.
 *
 * Each round waits for the one before, so one message leaves such a processor idle half of the
 * time; a second one fills that for nothing. No library of Debian 12 offers this for messages of a
 * chunk's length.
 */
#ifndef LI_BASE_SHA256_LANES_H
#define LI_BASE_SHA256_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LI_SHA256_BLOCK = 64, LI_SHA256_WORDS = 8 };

/* Whether this processor has the instructions (x86 with SHA, SSSE3 and SSE4.1). The others below
 * may be called only where it does. Any thread. */
bool li_sha256_lanes_here(void);

/* Takes COUNT blocks into a state; or COUNT blocks each into two states that differ. */
void li_sha256_lane(uint32_t state[LI_SHA256_WORDS], const uint8_t *blocks, size_t count);
void li_sha256_two_lanes(uint32_t state0[LI_SHA256_WORDS], const uint8_t *blocks0,
                         uint32_t state1[LI_SHA256_WORDS], const uint8_t *blocks1, size_t count);

#endif
