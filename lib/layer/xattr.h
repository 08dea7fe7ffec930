/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes and POSIX ACLs of a tar entry, in the kernel's external form. */
#ifndef LI_LAYER_XATTR_H
#define LI_LAYER_XATTR_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/tree.h"
#include "tar/tar.h"

#define LI_XATTR_ACL_ACCESS "system.posix_acl_access"
#define LI_XATTR_ACL_DEFAULT "system.posix_acl_default"

/* Owns the names and values. Zero-initialise it. */
struct li_xattr_list {
    struct li_xattr *list; /* sorted by name */
    size_t count;
    size_t cap;
    char *left_out;               /* the least name that is in no name space of Linux, or NULL */
    char *named_acl;              /* a name in an ACL that is left out because of it, or NULL */
    struct li_buffer name, value; /* of the attribute that is being read */
    uint16_t mode;                /* of the entry, by its header */
};

/* Replaces LIST by the attributes of E, in any spelling, and its ACLs, as text or as attributes. As
 * in the kernel, an access ACL sets the mode's permission bits, and one that says no more than
 * these is not stored. Entries for the mode's bits that an access ACL as text lacks come from the
 * mode. Attributes of other systems, such as com.apple.quarantine, are left out, and so are ACLs
 * that name a user or group without a number. It does not check whether Linux allows an attribute
 * on a file of that type. LI_EUNSUPPORTED for a name that Linux refuses in one of its own name
 * spaces. */
int li_xattr_read(const struct li_tar_entry *e, struct li_xattr_list *list, uint16_t *mode,
                  struct li_error *err);

/* Frees the attributes, but keeps the memory for others. */
void li_xattr_list_clear(struct li_xattr_list *list);

/* Frees the list and its attributes, and returns it to zeros. */
void li_xattr_list_free(struct li_xattr_list *list);

#endif
