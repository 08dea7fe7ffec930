/* SPDX-License-Identifier: Apache-2.0 */
/* The seed of directory hashes: a constant, because images must not differ by chance. */
#ifndef LI_EXT4_HASH_H
#define LI_EXT4_HASH_H

#include <stdint.h>

extern const uint32_t li_ext4_hash_seed[4];

#endif
