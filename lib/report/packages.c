/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums up by package. Each inode has one owner at most, so the bytes of all packages and of what
 * belongs to none are those of all files.
 */
#include "report/packages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "ext4/explain.h"
#include "report/packages_internal.h"

const char *li_package_kind_name(enum li_package_kind kind)
{
    static const char *const names[LI_PACKAGE_KINDS] = {[LI_PACKAGE_DEBIAN] = "debian",
                                                        [LI_PACKAGE_RPM] = "rpm",
                                                        [LI_PACKAGE_ALPINE] = "alpine",
                                                        [LI_PACKAGE_PYTHON] = "python",
                                                        [LI_PACKAGE_NPM] = "npm"};

    return names[kind];
}

/* ---- what is found --------------------------------------------------------------------------- */

static bool is_text(struct li_slice text)
{
    return text.len <= LI_PACKAGES_NAME_MAX && (text.len == 0 || !memchr(text.data, 0, text.len));
}

static int take_package(void *arg, struct li_slice name, struct li_slice version,
                        struct li_error *err)
{
    struct li_packaging *p = arg;
    struct li_package *package;
    int rc;

    p->current = 0;
    if (name.len == 0 || !is_text(name) || !is_text(version))
        return li_fail(err, LI_ECORRUPT, "a name or version is not text of at most %d bytes",
                       LI_PACKAGES_NAME_MAX);
    if (p->out->packages == LI_PACKAGES_MAX)
        return li_fail(err, LI_ELIMIT, "the image has more than %d packages", LI_PACKAGES_MAX);
    rc = li_array_reserve(&p->out->package, &p->cap, p->out->packages + 1, sizeof(*package), err);
    if (rc < 0)
        return rc;
    package = &p->out->package[p->out->packages++];
    *package = (struct li_package){.kind = p->kind,
                                   .name = strndup(name.data, name.len),
                                   .version = strndup(version.data, version.len)};
    if (!package->name || !package->version)
        return li_fail_memory(err);
    p->current = (uint32_t)p->out->packages;
    return 0;
}

void li_packaging_claim(struct li_packaging *p, uint32_t node)
{
    uint32_t inode = li_tree_node(p->tree, node)->inode;

    if (p->current && S_ISREG(li_tree_inode(p->tree, inode)->mode) && !p->owner[inode])
        p->owner[inode] = p->current;
}

static int take_file(void *arg, struct li_slice path, struct li_error *err)
{
    struct li_packaging *p = arg;
    uint32_t node = p->current ? li_package_files_find(p->files, p->base, path) : LI_TREE_NONE;

    if (node != LI_TREE_NONE)
        li_packaging_claim(p, node);
    if (li_package_files_exhausted(p->files))
        return li_fail(err, LI_ELIMIT, "the databases name too many paths");
    return 0;
}

struct li_package_sink li_packaging_sink(struct li_packaging *p)
{
    return (struct li_package_sink){take_package, take_file, p};
}

uint32_t li_packaging_find(struct li_packaging *p, const char *path)
{
    return li_package_files_find(p->files, LI_TREE_ROOT, (struct li_slice){path, strlen(path)});
}

/* ---- notes ----------------------------------------------------------------------------------- */

int li_packaging_note(struct li_packaging *p, uint32_t node, const char *why, struct li_error *err)
{
    struct li_packages *out = p->out;
    struct li_buffer path = {0};
    char *note = NULL;
    int rc;

    if (out->notes == LI_PACKAGES_NOTES_MAX) {
        out->notes_left_out++;
        return 0;
    }
    rc = li_tree_path(p->tree, node, &path, err);
    if (rc == 0 && asprintf(&note, "/%s: %s", (const char *)path.data, why) < 0)
        rc = li_fail_memory(err);
    li_buffer_free(&path);
    if (rc == 0)
        out->note[out->notes++] = note;
    return rc;
}

int li_packaging_settle(struct li_packaging *p, uint32_t node, int rc, struct li_error *err)
{
    char why[LI_ERROR_TEXT_MAX];

    if (rc == 0 || rc == LI_ENOMEM || p->failed)
        return rc;
    memcpy(why, err->text, sizeof(why));
    li_error_clear(err);
    return li_packaging_note(p, node, why, err);
}

int li_packaging_parse(struct li_packaging *p, uint32_t node, li_package_parser *parse,
                       const struct li_package_sink *sink, struct li_error *err)
{
    struct li_buffer bytes = {0};
    const char *why = NULL;
    int rc = li_package_files_read(p->files, node, &bytes, &why, err);

    p->failed = rc < 0;
    if (rc == 0 && why)
        rc = li_packaging_note(p, node, why, err);
    else if (rc == 0)
        rc = li_packaging_settle(p, node, parse(bytes.data, bytes.len, sink, err), err);
    li_buffer_free(&bytes);
    return rc;
}

/* ---- sums ------------------------------------------------------------------------------------ */

struct summing {
    const struct li_packaging *p;
    const struct li_costs *costs;
    uint32_t *row;  /* by package: the first one of the same kind, name and version */
    uint64_t *last; /* by package, and for none: the last chunk that was counted, and 1 */
};

static int compare_names(const struct li_package *x, const struct li_package *y)
{
    int order = (x->kind > y->kind) - (x->kind < y->kind);

    if (order == 0)
        order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->version, y->version);
}

static int compare_rows(const void *a, const void *b, void *arg)
{
    const struct li_package *package = arg;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int order = compare_names(&package[x], &package[y]);

    return order ? order : (x > y) - (x < y);
}

/* The same package may be in an image several times, as npm's often are. */
static int find_equal(struct summing *s, struct li_error *err)
{
    const struct li_packages *out = s->p->out;
    uint32_t *sorted = malloc((out->packages + 1) * sizeof(*sorted));

    if (!sorted)
        return li_fail_memory(err);
    for (uint32_t i = 0; i < out->packages; i++)
        sorted[i] = i;
    if (out->packages)
        qsort_r(sorted, out->packages, sizeof(*sorted), compare_rows, out->package);
    for (size_t i = 0; i < out->packages; i++) {
        bool same =
            i > 0 && compare_names(&out->package[sorted[i - 1]], &out->package[sorted[i]]) == 0;

        s->row[sorted[i]] = same ? s->row[sorted[i - 1]] : sorted[i];
    }
    free(sorted);
    return 0;
}

/* The row of INODE, or the number of all rows if it belongs to no package. */
static size_t row_of(const struct summing *s, uint32_t inode)
{
    uint32_t owner = s->p->owner[inode];

    return owner ? s->row[owner - 1] : s->p->out->packages;
}

static struct li_report_sum *sum_of(const struct summing *s, size_t row)
{
    struct li_packages *out = s->p->out;

    return row < out->packages ? &out->package[row].fresh : &out->none;
}

/* Chunks come in the order of the image, so those that a package has a part of are counted once. */
static int count_chunks(void *arg, const struct li_ext4_run *run, struct li_error *err)
{
    struct summing *s = arg;
    uint64_t end = run->offset + run->blocks * LI_EXT4_BLOCK_SIZE;

    (void)err;
    if (run->kind != LI_EXT4_PACKED && run->kind != LI_EXT4_ALIGNED)
        return 0;
    for (uint64_t i = run->offset / LI_CHUNK_SIZE; i * LI_CHUNK_SIZE < end; i++) {
        size_t row = row_of(s, run->inode);

        if (li_costs_of(s->costs, i).kind != LI_COST_NEW || s->last[row] == i + 1)
            continue;
        s->last[row] = i + 1;
        sum_of(s, row)->chunks++;
    }
    return 0;
}

static void count_files(const struct summing *s)
{
    struct li_packages *out = s->p->out;

    for (uint32_t i = 0; i < li_tree_inodes(s->p->tree); i++) {
        size_t row = row_of(s, i);

        if (s->p->part[i].chunks == 0)
            continue;
        sum_of(s, row)->bytes += s->p->part[i].bytes;
        *(row < out->packages ? &out->package[row].files : &out->none_files) += 1;
    }
}

static int sum_up(const struct li_packaging *p, const struct li_flattened *flattened,
                  const struct li_costs *costs, struct li_error *err)
{
    struct summing s = {.p = p, .costs = costs};
    int rc = 0;

    s.row = calloc(p->out->packages + 1, sizeof(*s.row));
    s.last = calloc(p->out->packages + 1, sizeof(*s.last));
    if (!s.row || !s.last)
        rc = li_fail_memory(err);
    if (rc == 0)
        rc = find_equal(&s, err);
    if (rc == 0)
        rc = li_ext4_explain(li_flattened_plan(flattened), count_chunks, &s, err);
    if (rc == 0)
        count_files(&s);
    free(s.row);
    free(s.last);
    return rc;
}

/* ---- the report ------------------------------------------------------------------------------ */

static int compare_bytes(const void *a, const void *b)
{
    const struct li_package *x = a, *y = b;

    if (x->fresh.bytes != y->fresh.bytes)
        return x->fresh.bytes < y->fresh.bytes ? 1 : -1;
    return compare_names(x, y);
}

static void free_package(struct li_package *package)
{
    free(package->name);
    free(package->version);
}

/* Keeps those with a part of a new chunk, and of these the ones with the most bytes. */
static void keep_largest(struct li_packages *out)
{
    size_t kept = 0;

    for (size_t i = 0; i < out->packages; i++) {
        if (out->package[i].files)
            out->package[kept++] = out->package[i];
        else
            free_package(&out->package[i]);
    }
    out->packages = kept;
    if (kept)
        qsort(out->package, kept, sizeof(*out->package), compare_bytes);
    while (out->packages > LI_PACKAGES_TOLD) {
        struct li_package *last = &out->package[--out->packages];

        out->packages_left_out++;
        out->packages_left_out_bytes += last->fresh.bytes;
        free_package(last);
    }
}

static int read_databases(struct li_packaging *p, struct li_memo *memo, struct li_error *err)
{
    static int (*const readers[])(struct li_packaging *, struct li_error *) = {
        li_packaging_debian, li_packaging_rpm, li_packaging_alpine, li_packaging_python,
        li_packaging_npm};
    struct li_package_kept *kept = NULL;
    int rc = p->owner && p->out->note ? 0 : li_fail_memory(err);

    if (rc == 0 && memo)
        rc = li_package_kept_new(li_tree_layers(p->tree), memo, &kept, err);
    if (rc == 0)
        rc = li_package_files_new(p->tree, kept, &p->files, err);
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]) && rc == 0; i++) {
        p->current = 0;
        rc = readers[i](p, err);
    }
    if (rc == 0 && kept)
        rc = li_package_kept_save(kept, err);
    li_package_files_free(p->files);
    li_package_kept_free(kept);
    return rc;
}

int li_blame_packages(const struct li_flattened *flattened, const struct li_costs *costs,
                      const struct li_blame_part *part, struct li_memo *memo,
                      struct li_packages *out, struct li_error *err)
{
    const struct li_tree *tree = li_flattened_tree(flattened);
    struct li_packages packages = {.note = calloc(LI_PACKAGES_NOTES_MAX, sizeof(char *))};
    struct li_packaging p = {.tree = tree, .part = part, .out = &packages, .base = LI_TREE_ROOT};
    int rc;

    p.owner = calloc((size_t)li_tree_inodes(tree) + 1, sizeof(*p.owner));
    rc = read_databases(&p, memo, err);
    if (rc == 0)
        rc = sum_up(&p, flattened, costs, err);
    free(p.owner);
    if (rc == 0) {
        keep_largest(&packages);
        *out = packages;
    } else {
        li_packages_free(&packages);
    }
    return rc;
}

void li_packages_free(struct li_packages *packages)
{
    if (!packages)
        return;
    for (size_t i = 0; i < packages->packages; i++)
        free_package(&packages->package[i]);
    for (size_t i = 0; i < packages->notes; i++)
        free(packages->note[i]);
    free(packages->package);
    free(packages->note);
    *packages = (struct li_packages){.packages = 0};
}
