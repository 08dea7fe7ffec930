/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text has a fixed size, so that reporting a failure can never fail: not for lack of memory,
 * and not in a thread that is ending. If a text does not fit, the part before a reason is cut,
 * mostly a path or a name. But that part keeps half of the room; then the beginning of the reason
 * is cut, because its end says most.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static int code_of_errno(int sys)
{
    switch (sys) {
    case ENOENT:
    case ENOTDIR:
        return LI_ENOTFOUND;
    case EACCES:
    case EPERM:
        return LI_EDENIED;
    case EEXIST:
        return LI_EEXISTS;
    case ENOMEM:
        return LI_ENOMEM;
    case EINVAL:
    case ENAMETOOLONG:
    case EISDIR:
        return LI_EINVALID;
    default:
        return LI_EIO;
    }
}

/* Adds ": REASON" to the text. */
static void add_reason(struct li_error *err, const char *reason)
{
    static const char cut[] = "...";
    const size_t room = sizeof(err->text) - sizeof(": "), half = room / 2;
    size_t len = strlen(err->text), more = strlen(reason);
    bool shortened = false;

    if (len + more > room && len > half) {
        len = more < half ? room - more : half;
        memcpy(err->text + len - strlen(cut), cut, sizeof(cut));
    }
    if (len + more > room) {
        reason += more - (room - len - strlen(cut));
        shortened = true;
    }
    snprintf(err->text + len, sizeof(err->text) - len, ": %s%s", shortened ? cut : "", reason);
}

int li_fail(struct li_error *err, int code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    li_text_show(err->text);
    err->code = code;
    err->sys = 0;
    err->part = 0;
    return code;
}

int li_fail_errno(struct li_error *err, int sys, const char *fmt, ...)
{
    char reason[128];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    add_reason(err, strerror_r(sys, reason, sizeof(reason)));
    li_text_show(err->text);
    err->code = code_of_errno(sys);
    err->sys = sys;
    err->part = 0;
    return err->code;
}

int li_fail_memory(struct li_error *err)
{
    li_fail(err, LI_ENOMEM, "not enough memory");
    err->sys = ENOMEM;
    return LI_ENOMEM;
}

int li_context(struct li_error *err, const char *fmt, ...)
{
    char inner[LI_ERROR_TEXT_MAX];
    va_list ap;

    memcpy(inner, err->text, sizeof(inner));
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    add_reason(err, inner);
    li_text_show(err->text);
    return err->code;
}

int li_as_failure(int rc, struct li_error *err)
{
    if (rc > 0)
        return li_fail(err, LI_EIO, "it ended too early");
    switch (rc) {
    case 0:
        return 0;
    case LI_ECORRUPT:
    case LI_EDENIED:
    case LI_ENETWORK:
    case LI_ENOMEM:
    case LI_ECANCELLED:
        break;
    case LI_ENOTFOUND:
    case LI_ELIMIT:
        rc = LI_ECORRUPT;
        break;
    default:
        rc = LI_EIO;
    }
    err->code = rc;
    return rc;
}

void li_error_clear(struct li_error *err)
{
    err->code = LI_OK;
    err->sys = 0;
    err->part = 0;
    err->text[0] = '\0';
}
