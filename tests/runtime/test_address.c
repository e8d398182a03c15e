#include "cy_test.h"
#include "socket.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
check_round(const char *text, const char *expected)
{
    cy_address address;
    char out[CY_ADDRESS_TEXT_MAX];
    CU_ASSERT_EQUAL_FATAL(cy_address_parse(&address, text, 7), 0);
    CU_ASSERT_EQUAL(cy_address_format(out, sizeof out, &address), (int) strlen(expected));
    CU_ASSERT_STRING_EQUAL(out, expected);
}

static void
reads_and_prints_both_families_with_and_without_port(void)
{
    check_round("127.0.0.1:80", "127.0.0.1:80");
    check_round("127.0.0.1", "127.0.0.1:7");
    check_round("255.255.255.255:65535", "255.255.255.255:65535");
    check_round("0.0.0.0:0", "0.0.0.0:0");
    check_round("[::1]:80", "[::1]:80");
    check_round("[::1]", "[::1]:7");
    check_round("::1", "[::1]:7");
    check_round("::", "[::]:7");
    check_round("2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:7");
    check_round("::ffff:1.2.3.4", "[::ffff:1.2.3.4]:7");
}

static void
reads_the_scope_by_number_and_by_name_and_prints_the_number(void)
{
    check_round("fe80::1%3", "[fe80::1%3]:7");
    check_round("[fe80::1%lo]:9", "[fe80::1%1]:9"); /* the loopback interface is the first */
    check_round("[fe80::1%4294967295]:9", "[fe80::1%4294967295]:9");
    cy_address address;
    CY_FAILS(cy_address_parse(&address, "fe80::1%nosuchinterface", 1), -EINVAL);
    CY_FAILS(cy_address_parse(&address, "fe80::1%", 1), -EINVAL);
    CY_FAILS(cy_address_parse(&address, "1.2.3.4%lo", 1), -EINVAL);
}

static void
refuses_what_is_no_address_and_touches_nothing(void)
{
    static const char *const bad[] = {
        "",          ":",          ":80",           "1.2.3",     "1.2.3.4.5",   "1.2.3.256",
        "1.2.3.4:",  "1.2.3.4:-1", "1.2.3.4:65536", "1.2.3.4:x", "1.2.3.4:+80", "1.2.3.4: 80",
        "[::1",      "[::1]x",     "[::1]:",        "[::1]:1:2", "[1.2.3.4]:1", "::1::2",
        "localhost", "[]",         "1.2.3.4:80 ",   " 1.2.3.4",  "[]:80",       "1.2.3.4:0x1",
    };
    cy_address address, before;
    memset(&address, 0x5a, sizeof address);
    before = address;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CY_FAILS(cy_address_parse(&address, bad[i], 1), -EINVAL);
        CU_ASSERT_EQUAL(memcmp(&address.u.v6, &before.u.v6, sizeof address.u.v6), 0);
    }
}

static void
the_longest_text_is_taken_and_one_byte_more_is_not(void)
{
    char text[CY_ADDRESS_TEXT_MAX + 1];
    cy_address address;
    int n = snprintf(text, sizeof text, "[::1%%%0*d]:1", CY_ADDRESS_TEXT_MAX - 9, 3);
    CU_ASSERT_EQUAL_FATAL(n, CY_ADDRESS_TEXT_MAX - 1);
    CY_OK(cy_address_parse(&address, text, 1));
    CU_ASSERT_EQUAL(address.u.v6.sin6_scope_id, 3);
    n = snprintf(text, sizeof text, "[::1%%%0*d]:1", CY_ADDRESS_TEXT_MAX - 8, 3);
    CU_ASSERT_EQUAL_FATAL(n, CY_ADDRESS_TEXT_MAX);
    CY_FAILS(cy_address_parse(&address, text, 1), -EINVAL);
}

static void
a_small_buffer_gets_the_beginning_and_the_length_of_all(void)
{
    cy_address address;
    char out[8];
    CU_ASSERT_EQUAL_FATAL(cy_address_parse(&address, "10.20.30.40:5000", 0), 0);
    CU_ASSERT_EQUAL(cy_address_format(out, sizeof out, &address), 16);
    CU_ASSERT_STRING_EQUAL(out, "10.20.3");
}

static void
the_longest_address_fits(void)
{
    cy_address address = {0};
    char out[CY_ADDRESS_TEXT_MAX];
    memset(&address.u.v6.sin6_addr, 0xff, sizeof address.u.v6.sin6_addr);
    address.u.any.sa_family = AF_INET6;
    address.u.v6.sin6_port = 0xffff;
    address.u.v6.sin6_scope_id = UINT32_MAX;
    CU_ASSERT(cy_address_format(out, sizeof out, &address) < CY_ADDRESS_TEXT_MAX);
    CY_OK(cy_address_parse(&address, out, 0));
}

static void
an_unknown_family_is_printed_as_such_and_has_no_size(void)
{
    cy_address address = {0};
    char out[CY_ADDRESS_TEXT_MAX];
    address.u.any.sa_family = AF_UNIX;
    CU_ASSERT_EQUAL(cy_address_format(out, sizeof out, &address), 1);
    CU_ASSERT_STRING_EQUAL(out, "?");
    CU_ASSERT_EQUAL(cyi_address_size(&address), 0);
}

static void
a_host_alone_takes_neither_port_nor_brackets(void)
{
    cy_address address;
    CY_OK(cyi_address_parse_host(&address, "1.2.3.4", 9));
    CU_ASSERT_EQUAL(address.u.v4.sin_port, htons(9));
    CY_OK(cyi_address_parse_host(&address, "::1", 9));
    CU_ASSERT_EQUAL(address.u.v6.sin6_port, htons(9));
    CY_FAILS(cyi_address_parse_host(&address, "1.2.3.4:80", 9), -EINVAL);
    CY_FAILS(cyi_address_parse_host(&address, "[::1]", 9), -EINVAL);
}

CY_TEST_MAIN("runtime.address", CY_TEST(reads_and_prints_both_families_with_and_without_port),
             CY_TEST(reads_the_scope_by_number_and_by_name_and_prints_the_number),
             CY_TEST(refuses_what_is_no_address_and_touches_nothing),
             CY_TEST(the_longest_text_is_taken_and_one_byte_more_is_not),
             CY_TEST(a_small_buffer_gets_the_beginning_and_the_length_of_all),
             CY_TEST(the_longest_address_fits),
             CY_TEST(an_unknown_family_is_printed_as_such_and_has_no_size),
             CY_TEST(a_host_alone_takes_neither_port_nor_brackets))
