/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when it is first needed.
 *
 * Debian's libcurl comes with some thirty other libraries. To load them takes longer than all else
 * that a program does that only uses a directory. So lib/http/curl.c defines the functions of
 * <curl/curl.h> that are used here, and forwards them. Include this header in place of that one.
 */
#ifndef LI_HTTP_CURL_H
#define LI_HTTP_CURL_H

#include <curl/curl.h>

#include "base/error.h"

#define LI_CURL_FUNCTIONS(EACH)                                                                    \
    EACH(easy_cleanup)                                                                             \
    EACH(easy_getinfo)                                                                             \
    EACH(easy_init)                                                                                \
    EACH(easy_setopt)                                                                              \
    EACH(easy_strerror)                                                                            \
    EACH(free)                                                                                     \
    EACH(getdate)                                                                                  \
    EACH(global_init)                                                                              \
    EACH(global_init_mem)                                                                          \
    EACH(multi_add_handle)                                                                         \
    EACH(multi_cleanup)                                                                            \
    EACH(multi_info_read)                                                                          \
    EACH(multi_init)                                                                               \
    EACH(multi_perform)                                                                            \
    EACH(multi_poll)                                                                               \
    EACH(multi_remove_handle)                                                                      \
    EACH(multi_setopt)                                                                             \
    EACH(multi_wakeup)                                                                             \
    EACH(share_cleanup)                                                                            \
    EACH(share_init)                                                                               \
    EACH(share_setopt)                                                                             \
    EACH(slist_append)                                                                             \
    EACH(slist_free_all)                                                                           \
    EACH(url)                                                                                      \
    EACH(url_cleanup)                                                                              \
    EACH(url_get)                                                                                  \
    EACH(url_set)

/* In object files they have names of ours, so that a program that is linked with libcurl and this
 * library has both. */
#define LI_CURL_RENAME(name) __typeof__(curl_##name) curl_##name __asm__("li_curl_" #name);
LI_CURL_FUNCTIONS(LI_CURL_RENAME)

/* Loads libcurl, unless that was done. Call it before the first of libcurl's functions; without it,
 * a function that makes something of libcurl's fails as if there were no memory. LI_EUNSUPPORTED if
 * there is no libcurl, or none that has the functions. Any thread. */
int li_curl_load(struct li_error *err);

#endif
