#include "cy_node.h"
#include <cycos/impl/list.h>
#include <cycos/impl/rcu.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALIVE = 0x600d, DEAD = 0xdead, READERS = 2 };

struct object {
    struct cyi_rcu_record record;
    int state;
};

static struct object *_Atomic shared;
static atomic_bool stop;
static atomic_long freed, bad;

static struct object *
make(void)
{
    struct object *object = calloc(1, sizeof *object);
    object->state = ALIVE;
    return object;
}

static void
destroy(struct cyi_rcu_record *record)
{
    struct object *object = cyi_container_of(record, struct object, record);
    object->state = DEAD;
    free(object);
    freed++;
}

/* Turns like a core: reads, announces, now and then sleeps. */
static void *
read_on(void *arg)
{
    cyi_rcu_register();
    for (long turn = 0; !stop; turn++) {
        cyi_rcu_read_lock();
        struct object *object = atomic_load_explicit(&shared, memory_order_acquire);
        for (int i = 0; i < 10; i++)
            bad += object->state != ALIVE;
        cyi_rcu_read_unlock();
        cyi_rcu_quiescent();
        if (turn % 64 == 0) {
            cyi_rcu_offline();
            sched_yield();
            cyi_rcu_online();
        }
    }
    cyi_rcu_unregister();
    return arg;
}

static void
replace(void)
{
    struct object *fresh = make();
    cyi_rcu_update_begin();
    struct object *old = atomic_exchange_explicit(&shared, fresh, memory_order_acq_rel);
    cyi_rcu_update_end();
    cyi_rcu_call(&old->record, destroy);
    cyi_rcu_quiescent();
}

/* Is registered too, and sleeps, so that what is called does not run at once. */
static pthread_t companion;
static atomic_bool accompanied;

static void *
sleep_offline(void *arg)
{
    cyi_rcu_register();
    cyi_rcu_offline();
    accompanied = true;
    while (!stop)
        sched_yield();
    cyi_rcu_online();
    cyi_rcu_unregister();
    return arg;
}

static void
begin_company(void)
{
    stop = accompanied = false;
    CY_ASSERT(pthread_create(&companion, NULL, sleep_offline, NULL) == 0);
    while (!accompanied)
        sched_yield();
}

static void
end_company(void)
{
    stop = true;
    CY_ASSERT(pthread_join(companion, NULL) == 0);
}

static void
readers_never_see_an_object_that_was_given_back(void)
{
    pthread_t readers[READERS];
    long replaced = cy_test_scale(20000);
    shared = make();
    stop = false;
    freed = bad = 0;
    for (int i = 0; i < READERS; i++)
        CY_OK(pthread_create(&readers[i], NULL, read_on, NULL));
    cyi_rcu_register();
    for (long i = 0; i < replaced; i++)
        replace();
    cyi_rcu_offline();
    stop = true;
    for (int i = 0; i < READERS; i++)
        CY_OK(pthread_join(readers[i], NULL));
    cyi_rcu_online();
    cyi_rcu_unregister();
    cyi_rcu_barrier();
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(freed, replaced);
    free(shared);
}

static void
registration_is_counted_for_cores_that_share_a_thread(void)
{
    CU_ASSERT_EQUAL(cyi_rcu_thread.registered, 0);
    cyi_rcu_register();
    cyi_rcu_register();
    cyi_rcu_offline();
    cyi_rcu_offline();
    CU_ASSERT_TRUE(cyi_rcu_thread.offline);
    cyi_rcu_quiescent();
    cyi_rcu_online();
    cyi_rcu_online();
    cyi_rcu_unregister();
    cyi_rcu_read_lock();
    CU_ASSERT_TRUE(cyi_rcu_in_read_section());
    cyi_rcu_read_unlock();
    cyi_rcu_offline();
    cyi_rcu_unregister();
    CU_ASSERT_EQUAL(cyi_rcu_thread.registered, 0);
    CU_ASSERT_FALSE(cyi_rcu_thread.offline);
}

static void
the_calls_of_the_loop_do_nothing_on_a_thread_that_is_not_registered(void)
{
    cyi_rcu_quiescent();
    cyi_rcu_offline();
    CU_ASSERT_FALSE(cyi_rcu_thread.offline);
    cyi_rcu_online();
    cyi_rcu_barrier();
    CU_ASSERT_EQUAL(cyi_rcu_thread.registered, 0);
}

static void
read_sections_nest(void)
{
    cyi_rcu_register();
    CU_ASSERT_FALSE(cyi_rcu_in_read_section());
    cyi_rcu_read_lock();
    cyi_rcu_read_lock();
    cyi_rcu_read_unlock();
    CU_ASSERT_TRUE(cyi_rcu_in_read_section());
    cyi_rcu_read_unlock();
    CU_ASSERT_FALSE(cyi_rcu_in_read_section());
    cyi_rcu_unregister();
}

static void
a_thread_that_sleeps_offline_holds_nobody_up(void)
{
    begin_company();
    cyi_rcu_register();
    freed = 0;
    cyi_rcu_call(&make()->record, destroy);
    cyi_rcu_offline();
    cyi_rcu_barrier(); /* would hang */
    CU_ASSERT_EQUAL(freed, 1);
    cyi_rcu_unregister();
    end_company();
}

static void
a_thread_alone_waits_for_nobody(void)
{
    freed = 0;
    cyi_rcu_register();
    cyi_rcu_call(&make()->record, destroy);
    CU_ASSERT_EQUAL(freed, 1);
    cyi_rcu_call_elsewhere(&make()->record, destroy);
    cyi_rcu_unregister();
    cyi_rcu_barrier();
    CU_ASSERT_EQUAL(freed, 2);
}

static void
use_in_a_child(void *arg)
{
    (void) arg;
    freed = 0;
    begin_company();
    cyi_rcu_register();
    cyi_rcu_call(&make()->record, destroy);
    cyi_rcu_unregister();
    cyi_rcu_barrier(); /* would hang without the fork handlers: the helper is gone */
    end_company();
    _exit(freed == 1 ? 7 : 1);
}

static void
it_works_in_a_forked_child(void)
{
    struct cy_test_child child;
    begin_company();
    cyi_rcu_register();
    cyi_rcu_call(&make()->record, destroy);
    cyi_rcu_unregister();
    cyi_rcu_barrier();
    end_company();
    CY_OK(cy_test_run_child(&child, use_in_a_child, NULL));
    CU_ASSERT_EQUAL(child.status, 7);
}

static cpu_set_t seen;

static void
look_at_cpus(void *arg)
{
    (void) arg;
    bad += pthread_getaffinity_np(pthread_self(), sizeof seen, &seen) != 0;
}

/* On the first thread, whose CPUs are those of the process, nothing changes. */
static void
what_the_library_starts_is_not_pinned(void)
{
    cpu_set_t before, after;
    CY_OK(pthread_getaffinity_np(pthread_self(), sizeof before, &before));
    cyi_rcu_unpinned(look_at_cpus, NULL);
    CU_ASSERT_TRUE(CPU_EQUAL(&before, &seen));
    CY_OK(pthread_getaffinity_np(pthread_self(), sizeof after, &after));
    CU_ASSERT_TRUE(CPU_EQUAL(&before, &after));
}

static void *
run_pinned(void *arg)
{
    cpu_set_t one, after;
    CPU_ZERO(&one);
    CPU_SET((size_t) sched_getcpu(), &one);
    bad += pthread_setaffinity_np(pthread_self(), sizeof one, &one) != 0;
    cyi_rcu_unpinned(look_at_cpus, NULL);
    bad += pthread_getaffinity_np(pthread_self(), sizeof after, &after) != 0;
    bad += !CPU_EQUAL(&one, &after);
    return arg;
}

static void
a_pinned_thread_is_pinned_again_afterwards(void)
{
    pthread_t thread;
    cpu_set_t all;
    bad = 0;
    CY_OK(pthread_getaffinity_np(pthread_self(), sizeof all, &all));
    CY_OK(pthread_create(&thread, NULL, run_pinned, NULL));
    CY_OK(pthread_join(thread, NULL));
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_TRUE(CPU_EQUAL(&all, &seen));
}

static void
read_unregistered(void *arg)
{
    (void) arg;
    cyi_rcu_read_lock();
}

static void
sleep_while_reading(void *arg)
{
    (void) arg;
    cyi_rcu_register();
    cyi_rcu_read_lock();
    cyi_rcu_offline();
}

static void
announce_while_reading(void *arg)
{
    (void) arg;
    cyi_rcu_register();
    cyi_rcu_read_lock();
    cyi_rcu_quiescent();
}

static void
update_while_reading(void *arg)
{
    (void) arg;
    cyi_rcu_register();
    cyi_rcu_read_lock();
    cyi_rcu_update_begin();
}

static void
call_unregistered(void *arg)
{
    (void) arg;
    cyi_rcu_call(&make()->record, destroy);
}

static void
unlock_too_often(void *arg)
{
    (void) arg;
    cyi_rcu_read_unlock();
}

static int
suspend_while_reading(void *arg)
{
    (void) arg;
    cyi_rcu_read_lock();
    return cy_suspend(cy_after(CY_MILLISECOND));
}

static void
run_a_task_that_suspends(void *arg)
{
    (void) arg;
    struct cy_options options;
    cy_node_options(&options, 1);
    _exit(cy_run(&options, suspend_while_reading, NULL));
}

static void
a_task_must_not_suspend_while_it_reads(void)
{
    struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, run_a_task_that_suspends, NULL));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "in_read_section"));
}

static void
misuse_ends_the_program_with_a_word(void)
{
    void (*misuses[])(void *) = {read_unregistered,      sleep_while_reading,
                                 announce_while_reading, update_while_reading,
                                 unlock_too_often,       call_unregistered};
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        struct cy_test_child child;
        CY_OK(cy_test_run_child(&child, misuses[i], NULL));
        CU_ASSERT_TRUE(cy_test_died_saying(&child, "rcu"));
    }
}

CY_TEST_MAIN("runtime.rcu", CY_TEST(readers_never_see_an_object_that_was_given_back),
             CY_TEST(registration_is_counted_for_cores_that_share_a_thread),
             CY_TEST(the_calls_of_the_loop_do_nothing_on_a_thread_that_is_not_registered),
             CY_TEST(read_sections_nest), CY_TEST(a_thread_that_sleeps_offline_holds_nobody_up),
             CY_TEST(a_thread_alone_waits_for_nobody), CY_TEST(it_works_in_a_forked_child),
             CY_TEST(what_the_library_starts_is_not_pinned),
             CY_TEST(a_pinned_thread_is_pinned_again_afterwards),
             CY_TEST(a_task_must_not_suspend_while_it_reads),
             CY_TEST(misuse_ends_the_program_with_a_word))
