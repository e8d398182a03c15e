#include "cy_node.h"
#include "net.h"

#include <cycos/peer.h>
#include <string.h>

/* Locations as text and as bytes. */

static int
resolve_some(void *arg)
{
    cy_location location;
    char text[CY_LOCATION_TEXT_MAX];
    (void) arg;
    CY_CHECK_EQ(cy_location_resolve(&location, "1.2.3.4", 80, CY_NOW), 0);
    CY_CHECK_EQ(location.port, 80);
    CY_CHECK(memcmp(location.address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16) == 0);
    CY_CHECK_EQ(cy_location_format(text, sizeof text, &location), 10);
    CY_CHECK(strcmp(text, "1.2.3.4:80") == 0);
    CY_CHECK_EQ(cy_location_resolve(&location, "::1", 65535, CY_NOW), 0);
    CY_CHECK_EQ(cy_location_format(text, sizeof text, &location), 11);
    CY_CHECK(strcmp(text, "[::1]:65535") == 0);
    memset(&location, 7, sizeof location);
    CY_CHECK_EQ(cy_location_resolve(&location, "", 80, CY_NOW), -ENOENT);
    CY_CHECK_EQ(location.port, 0x0707);
    location = cy_self_location();
    CY_CHECK_EQ(location.port, 0);
    return 0;
}

static void
reads_and_prints_locations(void)
{
    CY_OK(cy_node_run(1, resolve_some, NULL));
}

static void
has_room_for_the_longest(void)
{
    cy_location location = {.port = 65535};
    char text[CY_LOCATION_TEXT_MAX];
    memset(location.address, 0xfe, sizeof location.address);
    int length = cy_location_format(text, sizeof text, &location);
    CU_ASSERT_EQUAL(length, strlen("[fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe]:65535"));
    CU_ASSERT_EQUAL(length, (int) strlen(text));
    CU_ASSERT_EQUAL(cy_location_format(text, 5, &location), length);
    CU_ASSERT_STRING_EQUAL(text, "[fef");
}

static void
comes_back_from_the_wire(void)
{
    static const char *const texts[] = {"127.0.0.1:1", "255.255.255.255:65535", "[::1]:80",
                                        "[fd00::2]:4000"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cy_address address, again;
        uint8_t wire[16];
        CY_OK(cy_address_parse(&address, texts[i], 0));
        cyi_address_to_wire(wire, &address);
        cyi_address_from_wire(&again, wire, ntohs(address.u.v4.sin_port));
        CU_ASSERT_EQUAL(memcmp(&address, &again, sizeof address), 0);
    }
}

static void
takes_the_location_of_a_reference(void)
{
    cy_ref ref = CY_NOBODY;
    cy_location location = cy_ref_location(ref);
    CU_ASSERT_EQUAL(location.port, 0);
    ref.port = 77;
    ref.address[15] = 9;
    location = cy_ref_location(ref);
    CU_ASSERT_EQUAL(location.port, 77);
    CU_ASSERT_EQUAL(location.address[15], 9);
}

CY_TEST_MAIN("transport.location", CY_TEST(reads_and_prints_locations),
             CY_TEST(has_room_for_the_longest), CY_TEST(comes_back_from_the_wire),
             CY_TEST(takes_the_location_of_a_reference))
