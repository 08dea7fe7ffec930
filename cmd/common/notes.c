/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes: oddities of the image as it was found, and parts of the layers that the ext4 image lacks
 * or changes. There is one note for each kind, however many entries have it. Paths and names are as
 * hostile as the image, and are shown with escapes.
 */
#include "cmd/common/context.h"
#include "cmd/common/image.h"

/* What an entry has, and what happens to it. */
static const struct {
    const char *have, *then;
} notes[LI_NOTES] = {
    [LI_NOTE_NAME_SPACE] = {"extended attributes that Linux has no name space for",
                            "they are left out"},
    [LI_NOTE_TYPE] = {"extended attributes that Linux does not allow on files of that type",
                      "they are left out"},
    [LI_NOTE_ACL_NAME] = {"ACLs with names in place of numbers", "they are left out"},
    [LI_NOTE_TIME] = {"times that ext4 cannot hold, in seconds from 1970",
                      "they become 1970-01-01"},
};

void print_note(const char *text)
{
    fprintf(stderr, "lambdaimg: note: %s\n", text);
}

static void print_tree_notes(const struct li_tree *tree)
{
    for (size_t i = 0; i < LI_NOTES; i++) {
        const struct li_note *note = li_tree_note(tree, (enum li_note_kind)i);

        if (note->entries == 0)
            continue;
        fputs("lambdaimg: note: ", stderr);
        print_escaped(stderr, note->path);
        if (note->entries > 1)
            fprintf(stderr, " and %llu more %s have", (unsigned long long)note->entries - 1,
                    note->entries == 2 ? "entry" : "entries");
        else
            fputs(" has", stderr);
        fprintf(stderr, " %s, such as ", notes[i].have);
        print_escaped(stderr, note->text);
        fprintf(stderr, "; %s\n", notes[i].then);
    }
}

void print_notes(const struct li_flattened *flattened)
{
    const struct li_image *image = li_flattened_image(flattened);

    for (size_t i = 0; i < li_image_notes(image); i++)
        print_note(li_image_note(image, i));
    print_tree_notes(li_flattened_tree(flattened));
}
