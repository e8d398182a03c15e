/* fuzz_intro.c - an accepted intro is written as it was read, and keeps its promises. */
#include "fuzz.h"
#include "wire.h"
#include <errno.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cyi_intro intro;
    static uint8_t again[CYI_INTRO_MAX];
    int r = cyi_intro_read(&intro, data, size);
    CY_ASSERT(r == 0 || r == -EBADMSG);
    if (r != 0)
        return 0;
    CY_ASSERT(cyi_intro_write(again, &intro) == size && memcmp(again, data, size) == 0);
    CY_ASSERT(intro.core < intro.core_count && intro.core_count <= CYI_WIRE_CORES);
    CY_ASSERT(intro.address_count <= CYI_WIRE_ADDRESSES && intro.next != 0);
    CY_ASSERT(strlen(intro.name) == intro.name_size && intro.name_size <= CY_NODE_NAME_MAX);
    CY_ASSERT(intro.home.node != 0 && intro.home.port != 0 && intro.home.core == intro.core);
    for (size_t i = 0; i < intro.core_count; i++)
        CY_ASSERT(intro.ports[i] != 0);
    return 0;
}
