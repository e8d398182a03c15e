#include "cy_test.h"

#include "core.h"

#include <string.h>

/* What is a location, and what may be a name. */

static char host[16];
static uint16_t port;

static bool
is(const char *text, const char *expect_host, uint16_t expect_port)
{
    host[0] = '\0';
    port = 0;
    return ctl_split_location(text, host, sizeof host, &port) &&
           strcmp(host, expect_host) == 0 && port == expect_port;
}

static bool
is_none(const char *text)
{
    return !ctl_split_location(text, host, sizeof host, &port);
}

static void
locations_have_a_port(void)
{
    CU_ASSERT_TRUE(is("10.0.0.1:4000", "10.0.0.1", 4000));
    CU_ASSERT_TRUE(is("host:65535", "host", 65535));
    CU_ASSERT_TRUE(is("[::1]:1", "::1", 1));
    CU_ASSERT_TRUE(is("123456789012345:1", "123456789012345", 1));
}

static void
all_else_may_be_a_name(void)
{
    CU_ASSERT_TRUE(is_none("web.0"));
    CU_ASSERT_TRUE(is_none(""));
    CU_ASSERT_TRUE(is_none(":"));
    CU_ASSERT_TRUE(is_none(":80"));
    CU_ASSERT_TRUE(is_none("web:"));
    CU_ASSERT_TRUE(is_none("web:x"));
    CU_ASSERT_TRUE(is_none("web:-1"));
    CU_ASSERT_TRUE(is_none("web: 1"));
    CU_ASSERT_TRUE(is_none("web:1x"));
    CU_ASSERT_TRUE(is_none("web:0"));
    CU_ASSERT_TRUE(is_none("web:65536"));
    CU_ASSERT_TRUE(is_none("web:99999999999999999999"));
    CU_ASSERT_TRUE(is_none("::1"));
    CU_ASSERT_TRUE(is_none("fe80::1:80"));
    CU_ASSERT_TRUE(is_none("[]:80"));
    CU_ASSERT_TRUE(is_none("1234567890123456:1")); /* longer than the room for it */
}

CY_TEST_MAIN("cycosctl.core", CY_TEST(locations_have_a_port), CY_TEST(all_else_may_be_a_name))
