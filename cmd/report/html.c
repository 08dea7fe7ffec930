/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of a page: one file that loads nothing and runs nothing, which its own policy enforces.
 * Colours come in pairs, for a light and a dark screen, and each text has a contrast of 4.5 to 1 at
 * least (WCAG 2.1, AA). Whatever is reached by a pointer is reached by the keyboard.
 */
#include "cmd/report/html.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/common/context.h"

/* html.t measures the contrast of each text in a browser. */
static const char style[] =
    ":root{color-scheme:light dark;--page:#ffffff;--on-page:#1b1f24;--muted:#57606a;"
    "--line:#c3cad2;--link:#0550ae;--bar:#2f6feb;--bad:#b3261e;--good:#116329;"
    "--c0:#cfe3ff;--c1:#d3f0d8;--c2:#ffe7b8;--c3:#f5d5f0;--c4:#dcd8fa;--c5:#cdeeee;"
    "--s0:#ffffff;--s1:#e6f0ff;--s2:#c6dcff;--s3:#9cc3ff;--s4:#7aaeff;--edge:#ffffff}\n"
    "@media (prefers-color-scheme:dark){:root{--page:#0d1117;--on-page:#e6edf3;--muted:#9da7b3;"
    "--line:#3d444d;--link:#79b8ff;--bar:#58a6ff;--bad:#ff8f85;--good:#5fd07a;"
    "--c0:#1b3a66;--c1:#1d4a2b;--c2:#574313;--c3:#54264c;--c4:#38336e;--c5:#17494b;"
    "--s0:#0d1117;--s1:#15243b;--s2:#1a3560;--s3:#21467f;--s4:#2458a8;--edge:#0d1117}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--page);color:var(--on-page);"
    "font:16px/1.5 system-ui,sans-serif}\n"
    "main{max-width:72rem;margin:0 auto;padding:1rem}\n"
    "h1{font-size:1.5rem;line-height:1.3;overflow-wrap:anywhere}\n"
    "h2{font-size:1.2rem;margin:2rem 0 .5rem}\n"
    "p{margin:.5rem 0}\n"
    "a{color:var(--link)}\n"
    ":focus-visible{outline:3px solid var(--link);outline-offset:2px}\n"
    "code{font:.9em/1.4 ui-monospace,monospace;overflow-wrap:anywhere}\n"
    ".skip{position:absolute;left:-100vw}\n"
    ".skip:focus{left:1rem;top:.5rem;background:var(--page);padding:.5rem}\n"
    "nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none}\n"
    "nav a{display:inline-block;padding:.25rem 0}\n"
    ".facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.75rem;"
    "margin:1rem 0;padding:0;list-style:none}\n"
    ".facts li{border:1px solid var(--line);border-radius:.4rem;padding:.5rem .75rem}\n"
    ".facts b{display:block;font-size:1.25rem;font-weight:600}\n"
    ".facts span,.muted,caption{color:var(--muted)}\n"
    ".scroll{overflow-x:auto}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "caption{text-align:left;padding:.25rem 0}\n"
    "th,td{padding:.3rem 1.2rem .3rem 0;text-align:left;vertical-align:top;"
    "border-bottom:1px solid var(--line)}\n"
    "th.n,td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "td.share{min-width:7rem}\n"
    "td:last-child{min-width:11rem}th[scope=row]{min-width:7rem}\n"
    "td.n:last-child,.matrix td,td.share:last-child{min-width:0}\n"
    "td.share::after{content:\"\";display:block;height:.35rem;width:var(--part);"
    "background:var(--bar);border-radius:.2rem}\n"
    ".bad{color:var(--bad);font-weight:600}\n"
    ".good{color:var(--good)}\n"
    "figure{margin:0}\n"
    "figcaption{display:flex;justify-content:space-between;color:var(--muted)}\n"
    "figure>svg,.plot svg{display:block;width:100%;height:auto}\n"
    "svg text{fill:var(--on-page);font:13px system-ui,sans-serif}\n"
    "svg .name{font-weight:600}\n"
    "svg rect{stroke:var(--edge);stroke-width:1}\n"
    "svg .file{fill-opacity:.35;fill:var(--page)}\n"
    "svg a:focus-visible rect,svg a:hover rect{stroke:var(--link);stroke-width:3}\n"
    ".c0{fill:var(--c0)}.c1{fill:var(--c1)}.c2{fill:var(--c2)}.c3{fill:var(--c3)}"
    ".c4{fill:var(--c4)}.c5{fill:var(--c5)}\n"
    ".narrow{display:none}\n"
    "@media (max-width:40rem){.wide{display:none}.narrow{display:block}"
    "td,th{padding-right:.6rem}main{padding:.75rem}.wide{display:none}}\n"
    ".matrix td,.matrix thead th{text-align:center;padding:.3rem .4rem}\n"
    ".s0{background:var(--s0)}.s1{background:var(--s1)}.s2{background:var(--s2)}"
    ".s3{background:var(--s3)}.s4{background:var(--s4)}\n"
    ".area{fill:var(--bar);fill-opacity:.2}\n"
    ".curve{fill:none;stroke:var(--bar);stroke-width:2;vector-effect:non-scaling-stroke}\n"
    ".plot{border:solid var(--line);border-width:0 0 1px 1px;height:14rem}\n"
    ".plot svg{height:100%}\n";

static const char policy[] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

void html_text(FILE *to, const char *text)
{
    char *shown = path_text(text);

    for (const char *p = shown ? shown : "?"; *p; p++) {
        if (strchr("<>&\"'`", *p))
            fprintf(to, "&#%d;", *p);
        else
            fputc(*p, to);
    }
    free(shown);
}

void html_code(FILE *to, const char *text)
{
    fputs("<code><bdi>", to);
    html_text(to, text);
    fputs("</bdi></code>", to);
}

void html_begin(FILE *to, const char *kind, const char *title)
{
    fprintf(to,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"generator\" content=\"lambdaimg %s\">\n"
            "<link rel=\"icon\" href=\"data:,\">\n<title>%s ",
            policy, LI_VERSION, kind);
    html_text(to, title);
    fprintf(to,
            "</title>\n<style>\n%s</style>\n</head>\n<body>\n"
            "<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<main id=\"main\">\n"
            "<h1>%s ",
            style, kind);
    html_code(to, title);
    fputs("</h1>\n", to);
}

void html_end(FILE *to)
{
    fputs("</main>\n</body>\n</html>\n", to);
}

/* ---- sections -------------------------------------------------------------------------------- */

void html_sections(FILE *to, const struct html_section *section, size_t count)
{
    fputs("<nav aria-label=\"Sections\">\n<ul>\n", to);
    for (size_t i = 0; i < count; i++)
        fprintf(to, "<li><a href=\"#%s\">%s</a></li>\n", section[i].id, section[i].heading);
    fputs("</ul>\n</nav>\n", to);
}

void html_section_begin(FILE *to, const struct html_section *section)
{
    fprintf(to, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", section->id,
            section->id, section->heading);
}

void html_section_end(FILE *to)
{
    fputs("</section>\n", to);
}

void html_facts_begin(FILE *to)
{
    fputs("<ul class=\"facts\">\n", to);
}

void html_facts_end(FILE *to)
{
    fputs("</ul>\n", to);
}

void html_fact(FILE *to, const char *value, const char *what)
{
    fprintf(to, "<li><b>%s</b> <span>%s</span></li>\n", value, what);
}

/* ---- tables ---------------------------------------------------------------------------------- */

void html_table_begin(FILE *to, const char *caption, const char *columns)
{
    fprintf(to,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n<table>\n"
            "<caption>%s</caption>\n<thead>\n<tr>",
            caption, caption);
    while (*columns) {
        size_t len = strcspn(columns, "|");
        bool number = *columns == '#';

        fprintf(to, "<th scope=\"col\" class=\"%s\">%.*s</th>",
                number                              ? "n"
                : strncmp(columns, "Share", 5) == 0 ? "wide"
                                                    : "text",
                (int)(len - number), columns + number);
        columns += len + (columns[len] == '|');
    }
    fputs("</tr>\n</thead>\n<tbody>\n", to);
}

void html_table_end(FILE *to, uint64_t left_out, const char *what)
{
    fputs("</tbody>\n</table>\n</div>\n", to);
    if (left_out)
        fprintf(to, "<p class=\"muted\">and %llu more %s%s</p>\n", (unsigned long long)left_out,
                what, li_text_s(left_out));
}

void html_number(FILE *to, uint64_t number)
{
    fprintf(to, "<td class=\"n\">%llu</td>", (unsigned long long)number);
}

void html_size(FILE *to, uint64_t bytes)
{
    char size[SIZE_TEXT];

    fprintf(to, "<td class=\"n\">%s</td>", size_text(bytes, size));
}

void html_share(FILE *to, uint64_t part, uint64_t whole)
{
    double share = percent(part, whole);

    fprintf(to, "<td class=\"share wide\" style=\"--part:%.1f%%\">%.1f %%</td>", share, share);
}
