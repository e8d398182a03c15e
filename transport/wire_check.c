/* wire_check.c - which names, addresses and references a peer may send. */
#include "wire.h"

/*
 * One character of UTF-8: its length, or 0. The smallest character of each length is what
 * tells an overlong form, which would be a second spelling of the same name.
 */
static size_t
decode(uint32_t *out, const uint8_t *in, size_t size)
{
    static const struct {
        uint8_t mask, head;
        uint32_t least;
    } FORMS[] = {
        {0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t more = 0; more < 4 && more < size; more++) {
        if ((in[0] & FORMS[more].mask) != FORMS[more].head)
            continue;
        uint32_t character = in[0] & (uint8_t) ~FORMS[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if ((in[i] & 0xc0) != 0x80)
                return 0;
            character = character << 6 | (in[i] & 0x3f);
        }
        *out = character;
        return character >= FORMS[more].least ? more + 1 : 0;
    }
    return 0;
}

static bool
is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

static bool
is_surrogate(uint32_t character)
{
    return character >= 0xd800 && character < 0xe000;
}

bool
cyi_wire_name_ok(const char *name, size_t size)
{
    const uint8_t *in = (const uint8_t *) name;
    if (size == 0 || size > CYI_WIRE_NAME_MAX)
        return false;
    for (size_t at = 0, bytes; at < size; at += bytes) {
        uint32_t character;
        bytes = decode(&character, in + at, size - at);
        if (bytes == 0 || character > 0x10ffff || is_control(character) ||
            is_surrogate(character))
            return false;
    }
    return true;
}

static bool
is_mapped(const uint8_t address[16])
{
    static const uint8_t PREFIX[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address, PREFIX, sizeof PREFIX) == 0;
}

bool
cyi_wire_address_ok(const uint8_t address[16])
{
    static const uint8_t ZERO[16], ALL[4] = {0xff, 0xff, 0xff, 0xff};
    const uint8_t *v4 = address + 12;
    if (!is_mapped(address))
        return memcmp(address, ZERO, sizeof ZERO) != 0 && address[0] != 0xff;
    return memcmp(v4, ZERO, 4) != 0 && memcmp(v4, ALL, 4) != 0 && (v4[0] & 0xf0) != 0xe0;
}

bool
cyi_wire_ref_ok(cy_ref ref)
{
    if (cy_ref_is_nobody(ref))
        return cy_ref_equal(ref, CY_NOBODY);
    return cy_ref_kind(ref) >= CY_KIND_TASK && cy_ref_kind(ref) <= CY_KIND_METHOD;
}
