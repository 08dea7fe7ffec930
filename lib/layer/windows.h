/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of layers that were read a moment ago. A layer is read and checked by whole pieces
 * (tags.h), and most files are smaller: a window keeps the last pieces, so that neighbours in a
 * layer cost one read together. What is in a window was checked.
 *
 * All functions may be called from any thread.
 */
#ifndef LI_LAYER_WINDOWS_H
#define LI_LAYER_WINDOWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "layer/tags.h"

struct li_windows;

struct li_window {
    size_t layer;
    uint64_t offset; /* of the piece in the layer */
    size_t len;      /* of the piece; 0: the window has none */
    uint8_t *data;   /* LI_LAYER_PIECE bytes */
};

/* COUNT windows, at least one: as many threads can copy out of them at once. Their memory is taken
 * when they are used. */
int li_windows_new(size_t count, struct li_windows **out, struct li_error *err);

/* Frees all windows; none may be in use. */
void li_windows_free(struct li_windows *windows);

/* Borrows the window with the piece of LAYER at OFFSET; or, where there is none, one to read it
 * into, the one that was used longest ago: its `len` is 0 then. Waits where others have them all,
 * which nobody keeps for longer than a read. */
int li_windows_take(struct li_windows *windows, size_t layer, uint64_t offset,
                    struct li_window **out, struct li_error *err);
void li_windows_give_back(struct li_windows *windows, struct li_window *window);

#endif
