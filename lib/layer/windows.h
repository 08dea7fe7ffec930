/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of layers that were read recently. A layer is read and checked in whole pieces (tags.h),
 * but most files are smaller. A window keeps a recent piece, so that neighbours in a layer cost one
 * read together. Every piece in a window was checked.
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
    uint64_t offset; /* offset of the piece in the layer */
    size_t len;      /* length of the piece; 0: the window is empty */
    uint8_t *data;   /* LI_LAYER_PIECE bytes */
};

/* Makes COUNT windows, at least one; as many threads can copy out of them at once. They take memory
 * only when used. */
int li_windows_new(size_t count, struct li_windows **out, struct li_error *err);

/* Frees all windows. None may be in use. */
void li_windows_free(struct li_windows *windows);

/* Borrows the window with the piece of LAYER at OFFSET. If there is none, borrows the one that was
 * used longest ago, to read the piece into; its `len` is then 0. Waits if others have all windows;
 * nobody keeps one for longer than a read. */
int li_windows_take(struct li_windows *windows, size_t layer, uint64_t offset,
                    struct li_window **out, struct li_error *err);
void li_windows_give_back(struct li_windows *windows, struct li_window *window);

#endif
