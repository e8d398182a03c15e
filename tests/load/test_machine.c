/* test_machine.c - on what a result was measured. */
#include "cy_test.h"
#include "machine.h"

#include <string.h>

static void
nothing_is_left_empty(void)
{
    struct load_machine m;
    load_machine_read(&m);
    CU_ASSERT_EQUAL(strncmp(m.kernel, "Linux ", 6), 0);
    CU_ASSERT_TRUE(m.cpu[0] != '\0' && m.governor[0] != '\0' && m.commit[0] != '\0');
    CU_ASSERT_TRUE(m.version[0] != '\0' && m.compiler[0] != '\0');
    CU_ASSERT_EQUAL(strlen(m.time), 20);
    CU_ASSERT_EQUAL(m.time[19], 'Z');
    CU_ASSERT_TRUE(m.cpus_usable >= 1 && m.cpus >= m.cpus_usable);
    CU_ASSERT_TRUE(m.memory_bytes > 1 << 20);
}

CY_TEST_MAIN("load.machine", CY_TEST(nothing_is_left_empty))
