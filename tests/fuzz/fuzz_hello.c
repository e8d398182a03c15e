/* fuzz_hello.c - an accepted hello is written as it was read, and keeps its promises. */
#include "fuzz.h"
#include "wire.h"
#include <errno.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cyi_hello hello;
    uint8_t again[CYI_HELLO_MAX];
    const uint8_t *key_id = cyi_hello_key_id(data, size);
    int r = cyi_hello_read(&hello, data, size);
    CY_ASSERT(r == 0 || r == -EBADMSG || (r == -EPROTO && key_id != NULL));
    if (r != 0)
        return 0;
    CY_ASSERT(cyi_hello_write(again, &hello) == size && memcmp(again, data, size) == 0);
    CY_ASSERT(key_id != NULL && memcmp(key_id, hello.key_id, sizeof hello.key_id) == 0);
    CY_ASSERT(hello.port != 0 && hello.address_count <= CYI_WIRE_ADDRESSES);
    CY_ASSERT(hello.time_ms <= INT64_MAX / 1000000);
    for (size_t i = 0; i < hello.address_count; i++)
        CY_ASSERT(cyi_wire_address_ok(hello.addresses[i]));
    return 0;
}
