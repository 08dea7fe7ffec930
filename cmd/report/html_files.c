/* SPDX-License-Identifier: Apache-2.0 */
/* Pages as files: made in memory, so that each appears whole or not at all. */
#include <stdlib.h>

#include "base/io.h"
#include "cmd/report/html.h"

struct page {
    FILE *to;
    char *text;
    size_t len;
};

int try_html(const struct arguments *args, struct allowed *outputs, struct li_error *err)
{
    const char *path = option(args, "html");
    int rc = path ? li_output_try(path, err) : 0;

    return rc == 0 && path ? allow_output(outputs, path, err) : rc;
}

/* Whether there is a page to write. */
static bool begin(const struct arguments *args, struct page *page)
{
    if (!option(args, "html"))
        return false;
    page->to = open_memstream(&page->text, &page->len);
    return page->to != NULL;
}

/* Also if nothing was begun, because nothing was asked for or memory ran out. */
static int end(const struct arguments *args, struct page *page, struct li_error *err)
{
    const char *path = option(args, "html");
    int rc;

    if (!path)
        return 0;
    rc = page->to ? close_text(page->to, err) : li_fail_memory(err);
    if (rc == 0)
        rc = write_file(path, page->text, page->len, err);
    free(page->text);
    return rc;
}

int write_image_html(const struct arguments *args, const struct image_report *r,
                     const struct verdicts *verdicts, struct li_error *err)
{
    struct page page = {NULL, NULL, 0};

    if (begin(args, &page))
        put_image_html(page.to, r, verdicts);
    return end(args, &page, err);
}

int write_repository_html(const struct arguments *args, const struct li_report *report,
                          const char *address, const struct verdicts *verdicts,
                          struct li_error *err)
{
    struct page page = {NULL, NULL, 0};

    if (begin(args, &page))
        put_repository_html(page.to, report, address, verdicts);
    return end(args, &page, err);
}

int write_stored_html(const struct arguments *args, const struct stored_report *stored,
                      struct li_error *err)
{
    struct page page = {NULL, NULL, 0};

    if (begin(args, &page))
        put_stored_html(page.to, stored);
    return end(args, &page, err);
}
