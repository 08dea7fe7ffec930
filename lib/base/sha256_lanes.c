/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions need the eight words as two vectors, ABEF and CDGH, and do two rounds each. Four
 * rounds make a step. A step also computes the message words that are used four steps later, in the
 * place of those it used. All loops have constant bounds and are unrolled, so that everything stays
 * in registers.
 */
#include "base/sha256_lanes.h"

#if defined(__x86_64__) && !defined(LI_SHA256_NO_LANES)

#include <cpuid.h>
#include <immintrin.h>

enum { LANES = 2, STEPS = 16, VECTORS = 4 /* of a block, four words each */ };

#define SHA_INSTRUCTIONS __attribute__((target("sha,ssse3,sse4.1")))
#define EACH_LANE _Pragma("GCC unroll 2") for (int l = 0; l < lanes; l++)

static const uint32_t constants[4 * STEPS] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

struct lane {
    __m128i abef, cdgh;
    __m128i message[VECTORS];
};

bool li_sha256_lanes_here(void)
{
    enum { SSSE3 = 1 << 9, SSE4_1 = 1 << 19, SHA = 1 << 29 };
    unsigned a, b, c, d;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & SSSE3) || !(c & SSE4_1))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & SHA);
}

SHA_INSTRUCTIONS static inline void load_state(struct lane *lane, const uint32_t *state)
{
    __m128i abcd = _mm_loadu_si128((const __m128i *)state);
    __m128i efgh = _mm_loadu_si128((const __m128i *)(state + 4));
    __m128i badc = _mm_shuffle_epi32(abcd, 0xB1), hgfe = _mm_shuffle_epi32(efgh, 0x1B);

    lane->abef = _mm_alignr_epi8(badc, hgfe, 8);
    lane->cdgh = _mm_blend_epi16(hgfe, badc, 0xF0);
}

SHA_INSTRUCTIONS static inline void store_state(const struct lane *lane, uint32_t *state)
{
    __m128i feba = _mm_shuffle_epi32(lane->abef, 0x1B), dchg = _mm_shuffle_epi32(lane->cdgh, 0xB1);

    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* The words of a message are big-endian. */
SHA_INSTRUCTIONS static inline void load_block(struct lane *lane, const uint8_t *block)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

#pragma GCC unroll 4
    for (int i = 0; i < VECTORS; i++)
        lane->message[i] =
            _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * i)), swap);
}

SHA_INSTRUCTIONS static inline void step(struct lane *lane, int number)
{
    __m128i *w = &lane->message[number % 4], *w1 = &lane->message[(number + 1) % 4];
    __m128i *w2 = &lane->message[(number + 2) % 4], *w3 = &lane->message[(number + 3) % 4];
    __m128i k = _mm_load_si128((const __m128i *)&constants[4 * number]);
    __m128i sum = _mm_add_epi32(*w, k);

    lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, sum);
    lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(sum, 0x0E));
    if (number < STEPS - VECTORS)
        *w = _mm_sha256msg2_epu32(
            _mm_add_epi32(_mm_sha256msg1_epu32(*w, *w1), _mm_alignr_epi8(*w3, *w2, 4)), *w3);
}

/* Inlined into both callers, so that LANES is a constant there. */
SHA_INSTRUCTIONS __attribute__((always_inline)) static inline void
compress(uint32_t *const state[], const uint8_t *const blocks[], size_t count, const int lanes)
{
    struct lane lane[LANES];

    EACH_LANE load_state(&lane[l], state[l]);
    for (size_t at = 0; at < count * LI_SHA256_BLOCK; at += LI_SHA256_BLOCK) {
        __m128i abef[LANES], cdgh[LANES];

        EACH_LANE
        {
            abef[l] = lane[l].abef;
            cdgh[l] = lane[l].cdgh;
            load_block(&lane[l], blocks[l] + at);
        }
#pragma GCC unroll 16
        for (int i = 0; i < STEPS; i++)
            EACH_LANE step(&lane[l], i);
        EACH_LANE
        {
            lane[l].abef = _mm_add_epi32(lane[l].abef, abef[l]);
            lane[l].cdgh = _mm_add_epi32(lane[l].cdgh, cdgh[l]);
        }
    }
    EACH_LANE store_state(&lane[l], state[l]);
}

SHA_INSTRUCTIONS void li_sha256_lane(uint32_t state[LI_SHA256_WORDS], const uint8_t *blocks,
                                     size_t count)
{
    compress((uint32_t *const[]){state}, (const uint8_t *const[]){blocks}, count, 1);
}

SHA_INSTRUCTIONS void li_sha256_two_lanes(uint32_t state0[LI_SHA256_WORDS], const uint8_t *blocks0,
                                          uint32_t state1[LI_SHA256_WORDS], const uint8_t *blocks1,
                                          size_t count)
{
    compress((uint32_t *const[]){state0, state1}, (const uint8_t *const[]){blocks0, blocks1}, count,
             2);
}

#else

bool li_sha256_lanes_here(void)
{
    return false;
}

void li_sha256_lane(uint32_t state[LI_SHA256_WORDS], const uint8_t *blocks, size_t count)
{
    (void)state;
    (void)blocks;
    (void)count;
}

void li_sha256_two_lanes(uint32_t state0[LI_SHA256_WORDS], const uint8_t *blocks0,
                         uint32_t state1[LI_SHA256_WORDS], const uint8_t *blocks1, size_t count)
{
    (void)state0;
    (void)blocks0;
    (void)state1;
    (void)blocks1;
    (void)count;
}

#endif
