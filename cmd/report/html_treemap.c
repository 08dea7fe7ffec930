/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A treemap: the area of a rectangle is its part of the new bytes. Directories are laid out first,
 * and files within them, by squarified rows (Bruls, Huizing, van Wijk: Squarified Treemaps, 2000).
 * It is there twice, for a wide and for a narrow screen, since text in an image shrinks with it.
 * Each directory is a link to its row of the table, and tells its numbers in its title.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/common/context.h"
#include "cmd/report/html.h"

enum {
    COLOURS = 6,
    LABEL = 18 /* height of a line of text */,
    LETTER = 8 /* about its width */,
    LEAST_WIDTH = 24
};

/* Files less than this many square units are not drawn by themselves. */
static const double least_area = 60;

struct box {
    double x, y, width, height;
};

struct item {
    double size;
    size_t index; /* of the directory or file */
    struct box box;
};

/* ---- squarified rows ------------------------------------------------------------------------- */

/* How far from a square the worst rectangle is if COUNT items, SUM in all, stand along SIDE. Items
 * are sorted, the largest first; sizes are areas. */
static double worst(const struct item *item, size_t count, double sum, double side)
{
    double wide = side * side * item[0].size / (sum * sum);
    double narrow = sum * sum / (side * side * item[count - 1].size);

    return wide > narrow ? wide : narrow;
}

/* Places COUNT items along the shorter side of ROOM, which becomes what is left. */
static void place_row(struct item *item, size_t count, double sum, struct box *room)
{
    bool down = room->width >= room->height; /* a column at the left */
    double depth = sum / (down ? room->height : room->width), at = 0;

    for (size_t i = 0; i < count; i++) {
        double length = item[i].size / depth;

        item[i].box = down ? (struct box){room->x, room->y + at, depth, length}
                           : (struct box){room->x + at, room->y, length, depth};
        at += length;
    }
    if (down) {
        room->x += depth;
        room->width -= depth;
    } else {
        room->y += depth;
        room->height -= depth;
    }
}

/* Sizes become areas, and each item gets its box in ROOM. */
static void squarify(struct item *item, size_t count, struct box room)
{
    double sum = 0, area = room.width * room.height;

    for (size_t i = 0; i < count; i++)
        sum += item[i].size;
    for (size_t i = 0; i < count; i++)
        item[i].size *= area / sum;
    while (count > 0 && room.width > 0 && room.height > 0) {
        double side = room.width < room.height ? room.width : room.height, row = item[0].size;
        size_t n = 1;

        while (n < count &&
               worst(item, n + 1, row + item[n].size, side) <= worst(item, n, row, side))
            row += item[n++].size;
        place_row(item, n, row, &room);
        item += n;
        count -= n;
    }
}

static int compare_items(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void put_rect(FILE *to, const char *class, int colour, struct box box)
{
    fprintf(to, "<rect class=\"%s", class);
    if (colour >= 0)
        fprintf(to, "c%d", colour);
    fprintf(to, "\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", box.x, box.y,
            box.width, box.height);
}

/* TEXT on one line of BOX, which cuts off what is too long; if FROM_END, its beginning. An image
 * within the image cuts exactly, however wide the letters of the reader's font are. */
static void put_label(FILE *to, bool from_end, const char *text, struct box box)
{
    if (box.height < LABEL || box.width < LEAST_WIDTH)
        return;
    fprintf(to, "<svg x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\">", box.x + 3, box.y,
            box.width - 6, LABEL);
    if (from_end && (double)strlen(text) * LETTER > box.width)
        fputs("<text class=\"name\" x=\"100%\" y=\"14\" text-anchor=\"end\">", to);
    else
        fprintf(to, "<text class=\"%s\" x=\"0\" y=\"14\">", from_end ? "name" : "");
    html_text(to, text);
    fputs("</text></svg>", to);
}

static void put_title(FILE *to, const char *path, uint64_t bytes)
{
    char size[SIZE_TEXT];

    fputs("<title>", to);
    html_text(to, path);
    fprintf(to, ": %s</title>", size_text(bytes, size));
}

/* The directory of the table, which is sorted by path, that FILE is counted in: the longest one
 * that it is below. */
static size_t directory_of(const struct li_blame *blame, const char *file)
{
    size_t best = 0, best_len = 0;

    for (size_t i = 0; i < blame->directories; i++) {
        const char *path = blame->directory[i].path;
        size_t len = strcmp(path, "/") == 0 ? 0 : strlen(path);

        if (len >= best_len && strncmp(file, path, len) == 0 && file[len] == '/') {
            best = i;
            best_len = len;
        }
    }
    return best;
}

struct map {
    FILE *to;
    const struct li_blame *blame;
    const size_t *home; /* by file: its directory */
    struct item *item;  /* room for all files */
};

/* The files of DIRECTORY that are large enough for ROOM, the largest first; returns how many. What
 * is too small leaves its part of the room empty. */
static size_t list_files(const struct map *m, size_t directory, uint64_t whole, struct box *room)
{
    double area = room->width * room->height, sum = 0;
    size_t count = 0;

    for (size_t i = 0; i < m->blame->files; i++) {
        double size = (double)m->blame->file[i].fresh.bytes / (double)whole * area;

        if (m->home[i] != directory || size < least_area)
            continue;
        m->item[count++] = (struct item){size, i, {0, 0, 0, 0}};
        sum += size;
    }
    if (count > 1)
        qsort(m->item, count, sizeof(*m->item), compare_items);
    if (room->width >= room->height)
        room->width *= sum / area;
    else
        room->height *= sum / area;
    return count;
}

static void draw_files(const struct map *m, size_t directory, uint64_t whole, struct box room)
{
    size_t count;

    room.y += LABEL;
    room.height -= LABEL;
    if (room.height < LABEL || room.width < LABEL)
        return;
    count = list_files(m, directory, whole, &room);
    squarify(m->item, count, room);
    for (size_t i = 0; i < count; i++) {
        const struct li_blame_file *file = &m->blame->file[m->item[i].index];

        fputs("<g>", m->to);
        put_title(m->to, file->path, file->fresh.bytes);
        put_rect(m->to, "file", -1, m->item[i].box);
        put_label(m->to, false, strrchr(file->path, '/') + 1, m->item[i].box);
        fputs("</g>", m->to);
    }
}

static void draw_directory(const struct map *m, const struct item *item)
{
    const struct li_blame *blame = m->blame;
    const char *path = "metadata";
    uint64_t bytes = blame->metadata.bytes;

    if (item->index < blame->directories) {
        path = blame->directory[item->index].path;
        bytes = blame->directory[item->index].bytes;
        fprintf(m->to, "<a href=\"#directory-%zu\">", item->index);
    } else {
        fputs("<a href=\"#layers\">", m->to);
    }
    put_title(m->to, path, bytes);
    put_rect(m->to, "", (int)(item->index % COLOURS), item->box);
    put_label(m->to, true, path, item->box);
    fputs("</a>", m->to);
    if (item->index < blame->directories)
        draw_files(m, item->index, bytes, item->box);
    fputc('\n', m->to);
}

static void draw(const struct map *m, struct item *top, const char *class, struct box room)
{
    const struct li_blame *blame = m->blame;
    size_t count = 0;

    for (size_t i = 0; i < blame->directories; i++)
        if (blame->directory[i].bytes)
            top[count++] = (struct item){(double)blame->directory[i].bytes, i, {0, 0, 0, 0}};
    if (blame->metadata.bytes)
        top[count++] =
            (struct item){(double)blame->metadata.bytes, blame->directories, {0, 0, 0, 0}};
    if (count == 0)
        return;
    qsort(top, count, sizeof(*top), compare_items);
    squarify(top, count, room);
    fprintf(m->to,
            "<svg class=\"%s\" viewBox=\"0 0 %.0f %.0f\" role=\"group\" "
            "aria-label=\"Treemap of new bytes by directory and file\">\n",
            class, room.width, room.height);
    for (size_t i = 0; i < count; i++)
        draw_directory(m, &top[i]);
    fputs("</svg>\n", m->to);
}

void html_treemap(FILE *to, const struct li_blame *blame)
{
    struct item *top = calloc(blame->directories + 1, sizeof(*top));
    size_t *home = calloc(blame->files + 1, sizeof(*home));
    struct map m = {to, blame, home, calloc(blame->files + 1, sizeof(*m.item))};

    if (top && home && m.item) {
        for (size_t i = 0; i < blame->files; i++)
            home[i] = directory_of(blame, blame->file[i].path);
        fputs("<figure>\n", to);
        draw(&m, top, "wide", (struct box){0, 0, 1100, 520});
        draw(&m, top, "narrow", (struct box){0, 0, 360, 560});
        fputs("</figure>\n", to);
    } else {
        fputs("<p>There was no memory for the treemap.</p>\n", to);
    }
    free(top);
    free(home);
    free(m.item);
}
