/* ref.c - references for people. */
#include <cycos/ref.h>
#include <stdio.h>

int
cy_ref_format(char *text, size_t size, cy_ref ref)
{
    static const char *const KINDS[] = {"none", "task", "channel", "method"};
    unsigned kind = (unsigned) cy_ref_kind(ref);
    if (cy_ref_is_nobody(ref))
        return snprintf(text, size, "nobody");
    return snprintf(text, size, "%s %u.%u#%u@%08x", kind < 4 ? KINDS[kind] : "unknown",
                    (unsigned) ref.core, (unsigned) (ref.slot & 0xfffffff), ref.generation,
                    ref.node);
}
