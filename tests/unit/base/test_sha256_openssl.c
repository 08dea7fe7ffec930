/* SPDX-License-Identifier: Apache-2.0 */
/* The same tests where the processor lacks the instructions: OpenSSL does all of it. */
#define LI_SHA256_NO_LANES
#include "lib/base/sha256_lanes.c"

#include "test_sha256.c"
