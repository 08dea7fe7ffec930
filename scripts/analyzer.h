/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read before every file that clang's analyzer looks at, and by nothing else. The analyzer sees one
 * file at a time, so it cannot know that what reports a failure never returns 0, and takes every
 * out-parameter for unset after a call that failed. This tells it.
 */
#include "base/error.h"

#define li_fail(err, code, ...) ((void)(li_fail)(err, code, __VA_ARGS__), (int)(code))
#define li_fail_errno(err, ...) ((void)(li_fail_errno)(err, __VA_ARGS__), (int)LI_EIO)
#define li_fail_memory(err) ((void)(li_fail_memory)(err), (int)LI_ENOMEM)
#define li_context(err, ...) ((void)(li_context)(err, __VA_ARGS__), (int)LI_EIO)
