/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that fails on command, around another store: for tests of modules that use stores. It
 * counts operations by kind; a test says which of them fail, and how. All functions are safe in any
 * thread.
 */
#ifndef LI_STORE_FAULT_H
#define LI_STORE_FAULT_H

#include <stdint.h>

#include "store/store.h"

enum li_fault_kind {
    LI_FAULT_GET, /* get and get_range */
    LI_FAULT_PUT, /* put_if_absent */
    LI_FAULT_REPLACE,
    LI_FAULT_REPLACE_IF,
    LI_FAULT_EXISTS, /* one for each call */
    LI_FAULT_LIST,
    LI_FAULT_REMOVE, /* remove and remove_many, one for each call */
    LI_FAULT_COPY,
    LI_FAULT_FLUSH,
    LI_FAULT_WRITE, /* any of put_if_absent, replace, replace_if, remove, remove_many and copy */
    LI_FAULT_ANY,
    LI_FAULT_KINDS
};

/* What happens to the operation that fails. */
enum li_fault_how {
    LI_FAULT_BEFORE, /* it is not done */
    LI_FAULT_AFTER,  /* it is done, but its answer is lost */
    LI_FAULT_STOP, /* neither it nor any later one is done: the process has died, or the network */
};

/* Makes one around INNER, which is borrowed and must outlive it. Free it with li_store_free(). */
int li_fault_new(struct li_store *inner, struct li_store **out, struct li_error *err);

/* Makes the N-th operation of KIND from now on (1 is the next) fail with CODE, once. STORE must be
 * one of li_fault_new(). There is one such order at a time. N = 0 cancels it, and ends a stop. */
void li_fault_order(struct li_store *store, enum li_fault_kind kind, uint64_t n,
                    enum li_fault_how how, int code);

/* Whether the order was carried out. */
bool li_fault_happened(struct li_store *store);

/* Operations of KIND so far, including those that failed. */
uint64_t li_fault_count(struct li_store *store, enum li_fault_kind kind);

#endif
