/* Memory in size classes: limits of classes, reuse, the rest of a chunk, failure. */
#include "cy_test.h"
#include "sanitizer.h"
#include <cycos/base.h>
#include <cycos/impl/heap.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct cyi_heap heap;

static size_t
size_of(int class)
{
    return (size_t) CYI_HEAP_BLOCK_MIN << class;
}

/* Under the address sanitizer each block comes from malloc: there are no chunks to look at. */
static bool
no_chunks(void)
{
    if (CYI_ASAN)
        CU_PASS("blocks come from malloc");
    return CYI_ASAN;
}

static void
each_class_holds_twice_as_much_as_the_one_before(void)
{
    CU_ASSERT_EQUAL(cyi_heap_class(0), 0);
    CU_ASSERT_EQUAL(cyi_heap_class(1), 0);
    for (int class = 0; class < CYI_HEAP_CLASSES; class ++) {
        CU_ASSERT_EQUAL(cyi_heap_class(size_of(class)), class);
        CU_ASSERT_EQUAL(cyi_heap_class(size_of(class) + 1),
                        class + 1 < CYI_HEAP_CLASSES ? class + 1 : CYI_HEAP_BIG);
    }
    CU_ASSERT_EQUAL(size_of(CYI_HEAP_CLASSES - 1), 64 << 10);
    CU_ASSERT_EQUAL(cyi_heap_class(SIZE_MAX), CYI_HEAP_BIG);
}

static void
blocks_are_aligned_and_whole(void)
{
    cyi_heap_init(&heap);
    for (int class = 0; class < CYI_HEAP_CLASSES; class ++) {
        uint8_t *a = cyi_heap_take(&heap, (uint8_t) class, size_of(class));
        uint8_t *b = cyi_heap_take(&heap, (uint8_t) class, 1);
        CY_ASSERT(a != NULL && b != NULL);
        CU_ASSERT_EQUAL((uintptr_t) a % 64, 0);
        CU_ASSERT_EQUAL((uintptr_t) b % 64, 0);
        memset(a, 1, size_of(class));
        memset(b, 2, size_of(class));
        CU_ASSERT_TRUE(a[0] == 1 && a[size_of(class) - 1] == 1);
        cyi_heap_give(&heap, (uint8_t) class, a);
        cyi_heap_give(&heap, (uint8_t) class, b);
    }
    CU_ASSERT_EQUAL(heap.taken, 2 * CYI_HEAP_CLASSES);
    CU_ASSERT_EQUAL(heap.taken, heap.given);
    cyi_heap_fini(&heap);
}

static void
the_block_freed_last_is_taken_first(void)
{
    if (no_chunks())
        return;
    cyi_heap_init(&heap);
    void *a = cyi_heap_take(&heap, 2, 512), *b = cyi_heap_take(&heap, 2, 512);
    void *other = cyi_heap_take(&heap, 3, 1024);
    cyi_heap_give(&heap, 2, a);
    cyi_heap_give(&heap, 2, b);
    cyi_heap_give(&heap, 3, other);
    CU_ASSERT_PTR_EQUAL(cyi_heap_take(&heap, 2, 512), b);
    CU_ASSERT_PTR_EQUAL(cyi_heap_take(&heap, 2, 512), a);
    CU_ASSERT_PTR_EQUAL(cyi_heap_take(&heap, 3, 1024), other);
    cyi_heap_fini(&heap);
}

static void
a_steady_state_takes_nothing_from_the_system(void)
{
    void *blocks[100];
    uint64_t after_first = 0;
    cyi_heap_init(&heap);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 100; i++)
            blocks[i] = cyi_heap_take(&heap, (uint8_t) (i % CYI_HEAP_CLASSES), size_of(i % 10));
        for (int i = 0; i < 100; i++)
            cyi_heap_give(&heap, (uint8_t) (i % CYI_HEAP_CLASSES), blocks[i]);
        after_first = round == 0 ? heap.chunk_bytes : after_first;
    }
    CU_ASSERT_EQUAL(heap.chunk_bytes, after_first);
    CU_ASSERT_EQUAL(heap.taken, heap.given);
    cyi_heap_fini(&heap);
}

static int
by_address(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *) a, y = *(const uintptr_t *) b;
    return (x > y) - (x < y);
}

static void
small_blocks_use_the_whole_chunk(void)
{
    enum { COUNT = CYI_HEAP_CHUNK / CYI_HEAP_BLOCK_MIN - 1 };
    static uintptr_t at[COUNT];
    if (no_chunks())
        return;
    cyi_heap_init(&heap);
    for (int i = 0; i < COUNT; i++)
        at[i] = (uintptr_t) cyi_heap_take(&heap, 0, CYI_HEAP_BLOCK_MIN);
    CU_ASSERT_EQUAL(heap.chunk_bytes, CYI_HEAP_CHUNK);
    qsort(at, COUNT, sizeof at[0], by_address);
    int overlaps = 0;
    for (int i = 1; i < COUNT; i++)
        overlaps += at[i] - at[i - 1] < CYI_HEAP_BLOCK_MIN;
    CU_ASSERT_EQUAL(overlaps, 0);
    (void) cyi_heap_take(&heap, 0, CYI_HEAP_BLOCK_MIN);
    CU_ASSERT_EQUAL(heap.chunk_bytes, 2 * CYI_HEAP_CHUNK);
    cyi_heap_fini(&heap);
}

static void
the_rest_of_a_chunk_becomes_smaller_blocks(void)
{
    enum { LARGEST = CYI_HEAP_CLASSES - 1 };
    if (no_chunks())
        return;
    cyi_heap_init(&heap);
    /* Three of 64 KiB fit, because the chunk has a header; what is left would be lost. */
    for (int i = 0; i < 4; i++)
        CU_ASSERT_PTR_NOT_NULL(cyi_heap_take(&heap, LARGEST, size_of(LARGEST)));
    CU_ASSERT_EQUAL(heap.chunk_bytes, 2 * CYI_HEAP_CHUNK);
    /* 64 KiB less the header: one block of each smaller class. */
    for (int class = 0; class < LARGEST; class ++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(heap.free[class]);
        CU_ASSERT_PTR_NULL(heap.free[class]->next);
    }
    CU_ASSERT_PTR_NULL(heap.free[LARGEST]);
    for (int class = 0; class < LARGEST; class ++)
        CU_ASSERT_PTR_NOT_NULL(cyi_heap_take(&heap, (uint8_t) class, size_of(class)));
    CU_ASSERT_EQUAL(heap.chunk_bytes, 2 * CYI_HEAP_CHUNK);
    cyi_heap_fini(&heap);
}

static void
larger_blocks_come_and_go_one_by_one(void)
{
    cyi_heap_init(&heap);
    uint8_t *one = cyi_heap_take(&heap, CYI_HEAP_BIG, 65537);
    uint8_t *two = cyi_heap_take(&heap, CYI_HEAP_BIG, 10 << 20);
    CY_ASSERT(one != NULL && two != NULL);
    CU_ASSERT_EQUAL((uintptr_t) one % 64, 0);
    CU_ASSERT_EQUAL((uintptr_t) two % 64, 0);
    one[65536] = 1;
    two[(10 << 20) - 1] = 1;
    CU_ASSERT_EQUAL(heap.chunk_bytes, 0);
    cyi_heap_give(&heap, CYI_HEAP_BIG, one);
    cyi_heap_give(&heap, CYI_HEAP_BIG, two);
    CU_ASSERT_EQUAL(heap.taken, heap.given);
    cyi_heap_fini(&heap);
}

static void
fails_once_where_a_simulation_says(void)
{
    cyi_heap_init(&heap);
    heap.fail_at = 1;
    void *first = cyi_heap_take(&heap, 0, 1);
    CU_ASSERT_PTR_NOT_NULL(first);
    CU_ASSERT_PTR_NULL(cyi_heap_take(&heap, 0, 1));
    CU_ASSERT_EQUAL(heap.taken, 1);
    void *second = cyi_heap_take(&heap, 0, 1);
    CU_ASSERT_PTR_NOT_NULL(second);
    cyi_heap_give(&heap, 0, first);
    cyi_heap_give(&heap, 0, second);
    cyi_heap_fini(&heap);
}

static void
take_without_memory(void *unused)
{
    struct rlimit limit = {(rlim_t) 64 << 20, (rlim_t) 64 << 20};
    int count = 0;
    (void) unused;
    cyi_heap_init(&heap);
    setrlimit(RLIMIT_AS, &limit);
    while (count < 10000 && cyi_heap_take(&heap, 9, 65536) != NULL)
        count++;
    bool counted = heap.taken == (uint64_t) count;
    bool big = cyi_heap_take(&heap, CYI_HEAP_BIG, (size_t) 1 << 40) == NULL;
    _exit(count > 0 && count < 1024 && counted && big ? 7 : 1);
}

static void
says_so_when_there_is_no_memory(void)
{
    static struct cy_test_child child;
    if (CYI_ASAN || CYI_TSAN) { /* their shadow alone is beyond any limit */
        CU_PASS("no limit possible");
        return;
    }
    CY_OK(cy_test_run_child(&child, take_without_memory, NULL));
    CU_ASSERT_EQUAL(child.status, 7);
}

CY_TEST_MAIN("runtime.heap", CY_TEST(each_class_holds_twice_as_much_as_the_one_before),
             CY_TEST(blocks_are_aligned_and_whole),
             CY_TEST(the_block_freed_last_is_taken_first),
             CY_TEST(a_steady_state_takes_nothing_from_the_system),
             CY_TEST(small_blocks_use_the_whole_chunk),
             CY_TEST(the_rest_of_a_chunk_becomes_smaller_blocks),
             CY_TEST(larger_blocks_come_and_go_one_by_one),
             CY_TEST(fails_once_where_a_simulation_says),
             CY_TEST(says_so_when_there_is_no_memory))
