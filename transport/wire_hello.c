/* wire_hello.c - the datagram by which nodes find one another. */
#include "wire.h"
#include <errno.h>

/* Where the fields are; the magic and the key id stay there in all versions. */
enum {
    AT_VERSION = 4,
    AT_KIND = 5,
    AT_ADDRESS_COUNT = 6,
    AT_ZERO = 7,
    AT_KEY_ID = 8,
    AT_INCARNATION = 16,
    AT_TIME = 32,
    AT_SEQUENCE = 40,
    AT_PORT = 44,
    AT_ZEROS = 46,
};

_Static_assert(CYI_HELLO_MIN + 16 * CYI_WIRE_ADDRESSES + CYI_HELLO_MAC <= CYI_HELLO_MAX, "");

static const uint8_t MAGIC[4] = {'C', 'Y', 'H', 'I'};

size_t
cyi_hello_write(uint8_t *out, const struct cyi_hello *hello)
{
    CY_ASSERT(hello->address_count <= CYI_WIRE_ADDRESSES);
    memset(out, 0, CYI_HELLO_MIN);
    memcpy(out, MAGIC, sizeof MAGIC);
    out[AT_VERSION] = CYI_WIRE_VERSION;
    out[AT_KIND] = hello->kind;
    out[AT_ADDRESS_COUNT] = hello->address_count;
    memcpy(out + AT_KEY_ID, hello->key_id, sizeof hello->key_id);
    memcpy(out + AT_INCARNATION, hello->incarnation, sizeof hello->incarnation);
    cyi_put64(out + AT_TIME, hello->time_ms);
    cyi_put32(out + AT_SEQUENCE, hello->sequence);
    cyi_put16(out + AT_PORT, hello->port);
    memcpy(out + CYI_HELLO_MIN, hello->addresses, hello->address_count * (size_t) 16);
    return CYI_HELLO_MIN + hello->address_count * (size_t) 16;
}

const uint8_t *
cyi_hello_key_id(const uint8_t *in, size_t size)
{
    if (size < CYI_HELLO_MIN || size > CYI_HELLO_MAX || memcmp(in, MAGIC, sizeof MAGIC) != 0)
        return NULL;
    return in + AT_KEY_ID;
}

/* A relay has to say where its node is, as another node sends it. */
static bool
counts_fit(const uint8_t *in, size_t size)
{
    uint8_t count = in[AT_ADDRESS_COUNT];
    return count <= CYI_WIRE_ADDRESSES && size == CYI_HELLO_MIN + count * (size_t) 16 &&
           (count > 0 || in[AT_KIND] != CYI_HELLO_RELAY);
}

static bool
is_hello(const uint8_t *in)
{
    if (in[AT_KIND] > CYI_HELLO_ANSWER || in[AT_ZERO] != 0 || cyi_get16(in + AT_ZEROS) != 0 ||
        cyi_get16(in + AT_PORT) == 0 || cyi_get32(in + AT_INCARNATION) == 0 ||
        cyi_get64(in + AT_TIME) > CYI_HELLO_TIME_MAX)
        return false;
    for (size_t i = 0; i < in[AT_ADDRESS_COUNT]; i++)
        if (!cyi_wire_address_ok(in + CYI_HELLO_MIN + 16 * i))
            return false;
    return true;
}

int
cyi_hello_read(struct cyi_hello *out, const uint8_t *in, size_t size)
{
    if (cyi_hello_key_id(in, size) == NULL)
        return -EBADMSG;
    if (in[AT_VERSION] != CYI_WIRE_VERSION)
        return -EPROTO;
    if (!counts_fit(in, size) || !is_hello(in))
        return -EBADMSG;
    memset(out, 0, sizeof *out);
    out->kind = in[AT_KIND];
    out->address_count = in[AT_ADDRESS_COUNT];
    memcpy(out->key_id, in + AT_KEY_ID, sizeof out->key_id);
    memcpy(out->incarnation, in + AT_INCARNATION, sizeof out->incarnation);
    out->time_ms = cyi_get64(in + AT_TIME);
    out->sequence = cyi_get32(in + AT_SEQUENCE);
    out->port = cyi_get16(in + AT_PORT);
    memcpy(out->addresses, in + CYI_HELLO_MIN, out->address_count * (size_t) 16);
    return 0;
}
