/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as AWS writes them: ISO 8601, "2026-01-31T12:00:00Z". */
#ifndef LI_AWS_TIME_H
#define LI_AWS_TIME_H

#include <stdint.h>

/* Seconds since 1970 of TEXT: a date, T or a space, a time, and Z, UTC, an offset, or nothing,
 * which means UTC. A fraction is dropped. Returns 0 or LI_EINVALID. It fills in no error, because
 * only the caller knows what the text was. */
int li_aws_time_parse(const char *text, int64_t *out);

#endif
