#include "cy_test.h"
#include "kv_world.h"

static struct test_world world;
static struct kv_session session;

static void
begin(void)
{
    test_world_init(&world, 1);
    kv_session_init(&session, &world.site[0], NULL);
}

static void
end(void)
{
    kv_session_fini(&session);
    test_world_fini(&world);
}

#define SAYS(words, reply) CU_ASSERT(test_command(&session, words, reply))

static void
set_and_get(void)
{
    begin();
    SAYS("get a", "$-1");
    SAYS("set a hello", "+OK");
    SAYS("get a", "$5\r\nhello");
    SAYS("set a \"\"", "+OK");
    SAYS("get a", "$0\r\n");
    SAYS("getset a 2", "$0\r\n");
    SAYS("getset b 3", "$-1");
    SAYS("getdel a", "$1\r\n2");
    SAYS("getdel a", "$-1");
    SAYS("mget a b a", "*3\r\n$-1\r\n$1\r\n3\r\n$-1");
    SAYS("mset a 1 b 2 a 3", "+OK");
    SAYS("mget a b", "*2\r\n$1\r\n3\r\n$1\r\n2");
    SAYS("mset a 1 b", "-ERR wrong number of arguments for 'mset' command");
    end();
}

static void
set_under_conditions(void)
{
    begin();
    SAYS("set a 1 xx", "$-1");
    SAYS("set a 1 nx", "+OK");
    SAYS("set a 2 nx", "$-1");
    SAYS("set a 2 xx get", "$1\r\n1");
    SAYS("set a 3 nx get", "$1\r\n2");
    SAYS("get a", "$1\r\n2");
    SAYS("set b 3 get", "$-1");
    SAYS("set c 3 xx get", "$-1");
    SAYS("set a 1 nx xx", "-ERR syntax error");
    SAYS("set a 1 foo", "-ERR syntax error");
    SAYS("setnx a 9", ":0");
    SAYS("setnx d 9", ":1");
    SAYS("msetnx e 1 a 2", ":0");
    SAYS("msetnx e 1 f 2", ":1");
    SAYS("exists a b c d e f", ":5");
    end();
}

static void
set_with_expiry(void)
{
    begin();
    SAYS("set a 1 ex 100", "+OK");
    SAYS("pttl a", ":100000");
    SAYS("set a 1 keepttl", "+OK");
    SAYS("pttl a", ":100000");
    SAYS("set a 1", "+OK");
    SAYS("pttl a", ":-1");
    SAYS("set a 1 px 1500", "+OK");
    SAYS("pttl a", ":1500");
    SAYS("ttl a", ":2");
    SAYS("set a 1 exat 1700000100", "+OK");
    SAYS("ttl a", ":100");
    SAYS("set a 1 pxat 1700000100500", "+OK");
    SAYS("pexpiretime a", ":1700000100500");
    SAYS("setex a 7 x", "+OK");
    SAYS("ttl a", ":7");
    SAYS("psetex a 7 x", "+OK");
    SAYS("pttl a", ":7");
    world.now += 8;
    SAYS("get a", "$-1");
    SAYS("set a 1 exat 1", "+OK");
    SAYS("get a", "$-1");
    end();
}

static void
expiry_that_makes_no_sense(void)
{
    begin();
    SAYS("set a 1 ex", "-ERR syntax error");
    SAYS("set a 1 ex x", "-ERR value is not an integer or out of range");
    SAYS("set a 1 ex 0", "-ERR invalid expire time in 'set' command");
    SAYS("set a 1 px -1", "-ERR invalid expire time in 'set' command");
    SAYS("set a 1 ex 9223372036854776", "-ERR invalid expire time in 'set' command");
    SAYS("set a 1 px 9223372036854775807", "-ERR invalid expire time in 'set' command");
    SAYS("set a 1 ex 9221672036854775", "+OK");
    SAYS("set a 1 ex 10 px 10", "-ERR syntax error");
    SAYS("set a 1 ex 10 keepttl", "-ERR syntax error");
    SAYS("set a 1 keepttl ex 10", "-ERR syntax error");
    SAYS("setex a 0 x", "-ERR invalid expire time in 'setex' command");
    SAYS("psetex a x x", "-ERR value is not an integer or out of range");
    end();
}

static void
getex_changes_the_expiry(void)
{
    begin();
    SAYS("getex a ex 0", "$-1");
    SAYS("set a 1", "+OK");
    SAYS("getex a", "$1\r\n1");
    SAYS("getex a ex 0", "-ERR invalid expire time in 'getex' command");
    SAYS("getex a ex 10", "$1\r\n1");
    SAYS("ttl a", ":10");
    SAYS("getex a persist", "$1\r\n1");
    SAYS("ttl a", ":-1");
    SAYS("getex a persist ex 1", "-ERR syntax error");
    SAYS("getex a ex 1 persist", "-ERR syntax error");
    SAYS("getex a nx", "-ERR syntax error");
    SAYS("getex a pxat 1", "$1\r\n1");
    SAYS("exists a", ":0");
    end();
}

static void
parts_of_values(void)
{
    begin();
    SAYS("append a hello", ":5");
    SAYS("append a \" world\"", ":11");
    SAYS("strlen a", ":11");
    SAYS("strlen none", ":0");
    SAYS("getrange a 0 4", "$5\r\nhello");
    SAYS("getrange a -5 -1", "$5\r\nworld");
    SAYS("getrange a 5 2", "$0\r\n");
    SAYS("getrange a -1 -5", "$0\r\n");
    SAYS("getrange a -100 100", "$11\r\nhello world");
    SAYS("getrange a 0 -9223372036854775808", "$1\r\nh");
    SAYS("getrange none 0 -1", "$0\r\n");
    SAYS("substr a 0 0", "$1\r\nh");
    SAYS("setrange a 6 there", ":11");
    SAYS("setrange a 11 !", ":12");
    SAYS("get a", "$12\r\nhello there!");
    SAYS("setrange none 5 \"\"", ":0");
    SAYS("exists none", ":0");
    SAYS("setrange a -1 x", "-ERR offset is out of range");
    SAYS("setrange a x x", "-ERR value is not an integer or out of range");
    SAYS("setrange a 536870912 x",
         "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    CU_ASSERT(test_says_bytes(&session, (struct kv_slice){"setrange b 2 x\r\nget b\r\n", 23},
                              (struct kv_slice){":3\r\n$3\r\n\0\0x\r\n", 13}));
    end();
}

static void
integers_count(void)
{
    begin();
    SAYS("incr n", ":1");
    SAYS("incrby n 41", ":42");
    SAYS("decr n", ":41");
    SAYS("decrby n 50", ":-9");
    SAYS("strlen n", ":2");
    SAYS("append n 5", ":3");
    SAYS("incr n", ":-94");
    SAYS("set n 9223372036854775806", "+OK");
    SAYS("incr n", ":9223372036854775807");
    SAYS("incr n", "-ERR increment or decrement would overflow");
    SAYS("set n -9223372036854775808", "+OK");
    SAYS("decr n", "-ERR increment or decrement would overflow");
    SAYS("decrby n -9223372036854775808", "-ERR decrement would overflow");
    SAYS("incrby n 1.5", "-ERR value is not an integer or out of range");
    SAYS("set n text", "+OK");
    SAYS("incr n", "-ERR value is not an integer or out of range");
    SAYS("set n 5 ex 100", "+OK");
    SAYS("incr n", ":6");
    SAYS("ttl n", ":100");
    end();
}

static void
floats_count(void)
{
    begin();
    SAYS("incrbyfloat f 10.5", "$4\r\n10.5");
    SAYS("incrbyfloat f 0.1", "$4\r\n10.6");
    SAYS("incrbyfloat f -5", "$3\r\n5.6");
    SAYS("incrbyfloat g 5.0e3", "$4\r\n5000");
    SAYS("incrbyfloat f x", "-ERR value is not a valid float");
    SAYS("set t text", "+OK");
    SAYS("incrbyfloat t 1", "-ERR value is not a valid float");
    SAYS("set i 1 ex 100", "+OK");
    SAYS("incrbyfloat i inf", "-ERR increment would produce NaN or Infinity");
    SAYS("incrbyfloat i 1", "$1\r\n2");
    SAYS("ttl i", ":100");
    end();
}

static void
memory_cap_refuses_writers(void)
{
    begin();
    SAYS("set a 1", "+OK");
    world.budget.max = 1;
    SAYS("set b 1", "-OOM command not allowed when used memory > 'maxmemory'.");
    SAYS("set b 1 bad", "-OOM command not allowed when used memory > 'maxmemory'.");
    SAYS("incr a", "-OOM command not allowed when used memory > 'maxmemory'.");
    SAYS("get a", "$1\r\n1");
    SAYS("set b", "-ERR wrong number of arguments for 'set' command");
    SAYS("del a", ":1");
    end();
}

CY_TEST_MAIN("kv.command_string", CY_TEST(set_and_get), CY_TEST(set_under_conditions),
             CY_TEST(set_with_expiry), CY_TEST(expiry_that_makes_no_sense),
             CY_TEST(getex_changes_the_expiry), CY_TEST(parts_of_values),
             CY_TEST(integers_count), CY_TEST(floats_count),
             CY_TEST(memory_cap_refuses_writers))
