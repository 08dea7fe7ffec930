/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwards the functions of libcurl that the library uses. What needs a handle of libcurl's can
 * only be called when that was made, so only the functions that make one look whether libcurl is
 * there.
 */
/* Here the functions are defined, and the macros that check the types of their arguments must not
 * stand in the way. */
#define CURL_DISABLE_TYPECHECK
#include "http/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt
#undef curl_share_setopt

/* The name of the interface that <curl/curl.h> has had since 2006. */
static const char soname[] = "libcurl.so.4";

#define POINTER(name) __typeof__(curl_##name) *name;
static struct {
    LI_CURL_FUNCTIONS(POINTER)
} curl;

#define PLACE(name) {"curl_" #name, (void **)&curl.name},
static const struct {
    const char *name;
    void **pointer;
} places[] = {LI_CURL_FUNCTIONS(PLACE)};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct li_error failure = LI_ERROR_INIT; /* why CURL is not set */

/* It is never unloaded: others may have started it, too. */
static void load(void)
{
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        li_fail(&failure, LI_EUNSUPPORTED, "cannot load libcurl: %s; install it (Debian: libcurl4)",
                dlerror());
        return;
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        *places[i].pointer = dlsym(library, places[i].name);
        if (!*places[i].pointer)
            li_fail(&failure, LI_EUNSUPPORTED, "%s has no function %s; install a newer libcurl",
                    soname, places[i].name);
    }
}

int li_curl_load(struct li_error *err)
{
    pthread_once(&once, load);
    if (failure.code)
        *err = failure;
    return failure.code;
}

static bool is_there(void)
{
    struct li_error ignored = LI_ERROR_INIT;

    return li_curl_load(&ignored) == 0;
}

/* ---- functions that make something ----------------------------------------------------------- */

CURLcode curl_global_init(long flags)
{
    return is_there() ? curl.global_init(flags) : CURLE_FAILED_INIT;
}

CURLcode curl_global_init_mem(long flags, curl_malloc_callback m, curl_free_callback f,
                              curl_realloc_callback r, curl_strdup_callback s,
                              curl_calloc_callback c)
{
    return is_there() ? curl.global_init_mem(flags, m, f, r, s, c) : CURLE_FAILED_INIT;
}

CURL *curl_easy_init(void)
{
    return is_there() ? curl.easy_init() : NULL;
}

CURLM *curl_multi_init(void)
{
    return is_there() ? curl.multi_init() : NULL;
}

CURLSH *curl_share_init(void)
{
    return is_there() ? curl.share_init() : NULL;
}

CURLU *curl_url(void)
{
    return is_there() ? curl.url() : NULL;
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
    return is_there() ? curl.slist_append(list, text) : NULL;
}

time_t curl_getdate(const char *text, const time_t *unused)
{
    return is_there() ? curl.getdate(text, unused) : -1;
}

const char *curl_easy_strerror(CURLcode code)
{
    return is_there() ? curl.easy_strerror(code) : "libcurl is not there";
}

/* ---- functions that take what was made, or nothing ------------------------------------------- */

void curl_easy_cleanup(CURL *easy)
{
    if (easy)
        curl.easy_cleanup(easy);
}

void curl_free(void *memory)
{
    if (memory)
        curl.free(memory);
}

void curl_slist_free_all(struct curl_slist *list)
{
    if (list)
        curl.slist_free_all(list);
}

void curl_url_cleanup(CURLU *url)
{
    if (url)
        curl.url_cleanup(url);
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
    return multi ? curl.multi_cleanup(multi) : CURLM_BAD_HANDLE;
}

CURLSHcode curl_share_cleanup(CURLSH *share)
{
    return share ? curl.share_cleanup(share) : CURLSHE_INVALID;
}

/* ---- functions that take what was made ------------------------------------------------------- */

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    return curl.multi_add_handle(multi, easy);
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
    return curl.multi_info_read(multi, left);
}

CURLMcode curl_multi_perform(CURLM *multi, int *running)
{
    return curl.multi_perform(multi, running);
}

CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd extra[], unsigned count, int timeout,
                          int *ready)
{
    return curl.multi_poll(multi, extra, count, timeout, ready);
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
    return curl.multi_remove_handle(multi, easy);
}

CURLMcode curl_multi_wakeup(CURLM *multi)
{
    return curl.multi_wakeup(multi);
}

/* Newer headers have a const here. */
typedef __typeof__(_Generic(&curl_url_get,
                            CURLUcode (*)(const CURLU *, CURLUPart, char **, unsigned)
                            : (const CURLU *)NULL, default
                            : (CURLU *)NULL)) url_to_get_from;

CURLUcode curl_url_get(url_to_get_from url, CURLUPart part, char **out, unsigned flags)
{
    return curl.url_get(url, part, out, flags);
}

CURLUcode curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned flags)
{
    return curl.url_set(url, part, text, flags);
}

/* ---- functions whose last argument has the type that their option says ----------------------- */

enum argument { ARGUMENT_LONG, ARGUMENT_OFFSET, ARGUMENT_POINTER };

/* Options are numbered by the type of their argument. */
static enum argument argument_of(int option)
{
    if (option < CURLOPTTYPE_OBJECTPOINT)
        return ARGUMENT_LONG;
    return option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB ? ARGUMENT_OFFSET
                                                                    : ARGUMENT_POINTER;
}

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    CURLcode code;
    va_list list;

    va_start(list, option);
    switch (argument_of(option)) {
    case ARGUMENT_LONG:
        code = curl.easy_setopt(easy, option, va_arg(list, long));
        break;
    case ARGUMENT_OFFSET:
        code = curl.easy_setopt(easy, option, va_arg(list, curl_off_t));
        break;
    default:
        code = curl.easy_setopt(easy, option, va_arg(list, void *));
    }
    va_end(list);
    return code;
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
    CURLMcode code;
    va_list list;

    va_start(list, option);
    switch (argument_of(option)) {
    case ARGUMENT_LONG:
        code = curl.multi_setopt(multi, option, va_arg(list, long));
        break;
    case ARGUMENT_OFFSET:
        code = curl.multi_setopt(multi, option, va_arg(list, curl_off_t));
        break;
    default:
        code = curl.multi_setopt(multi, option, va_arg(list, void *));
    }
    va_end(list);
    return code;
}

/* CURLSHOPT_SHARE and CURLSHOPT_UNSHARE take an int, the others a pointer. */
CURLSHcode curl_share_setopt(CURLSH *share, CURLSHoption option, ...)
{
    CURLSHcode code;
    va_list list;

    va_start(list, option);
    if (option == CURLSHOPT_SHARE || option == CURLSHOPT_UNSHARE)
        code = curl.share_setopt(share, option, va_arg(list, int));
    else
        code = curl.share_setopt(share, option, va_arg(list, void *));
    va_end(list);
    return code;
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    CURLcode code;
    va_list list;

    va_start(list, info);
    code = curl.easy_getinfo(easy, info, va_arg(list, void *));
    va_end(list);
    return code;
}
