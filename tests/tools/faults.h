/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which faultproxy spoils a request. */
#ifndef LI_TESTS_FAULTS_H
#define LI_TESTS_FAULTS_H

#include <stddef.h>

#include "tests/tools/exchange.h"

/* The name of the fault INDEX; NULL behind the last. */
const char *fault_name(size_t index);

/* How many of them, the first, come where none is named. */
size_t fault_common(void);

/* Spoils the request, whose head has come, by the fault INDEX, or by none where that is negative.
 * Returns whether the connection with the client goes on. */
bool fault_spoil(int index, struct exchange *x);

#endif
