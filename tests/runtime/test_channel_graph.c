#include "channel.h"
#include "cy_test.h"

#include <stdlib.h>

/* Only what the graph needs of a node: a lock and extensions. */
static struct cyi_node *node;

static void
begin(void)
{
    node = calloc(1, sizeof *node);
    pthread_mutex_init(&node->lock, NULL);
}

static void
end(void)
{
    const struct cyi_extension *extension = &node->extensions[CYI_EXTENSION_CHANNELS];
    if (extension->data != NULL)
        extension->fini(extension->data);
    pthread_mutex_destroy(&node->lock);
    free(node);
}

static struct cyi_place
place(uint32_t number)
{
    return (struct cyi_place){(uint32_t) CY_KIND_CHANNEL << 28 | number, 1,
                              (uint16_t) (number % 3), 0};
}

static int
add(uint32_t from, uint32_t to)
{
    return cyi_channel_graph_add(node, place(from), place(to), NULL);
}

static void
remove_edge(uint32_t from, uint32_t to)
{
    cyi_channel_graph_remove(node, place(from), place(to));
}

static void
a_channel_cannot_feed_itself(void)
{
    begin();
    CY_FAILS(add(1, 1), -ELOOP);
    CY_OK(add(1, 2));
    CY_FAILS(add(2, 1), -ELOOP);
    CY_OK(add(2, 3));
    CY_OK(add(3, 4));
    CY_FAILS(add(4, 1), -ELOOP);
    CY_FAILS(add(4, 2), -ELOOP);
    CY_OK(add(1, 4));
    end();
}

static void
a_diamond_is_no_circle(void)
{
    begin();
    CY_OK(add(1, 2));
    CY_OK(add(1, 3));
    CY_OK(add(2, 4));
    CY_OK(add(3, 4));
    CY_FAILS(add(4, 1), -ELOOP);
    end();
}

static void
what_was_cut_may_be_connected_the_other_way(void)
{
    begin();
    CY_OK(add(1, 2));
    CY_OK(add(2, 3));
    CY_FAILS(add(3, 1), -ELOOP);
    remove_edge(2, 3);
    CY_OK(add(3, 1));
    CY_FAILS(add(2, 3), -ELOOP);
    remove_edge(2, 3); /* not there: no effect */
    remove_edge(7, 8);
    CY_FAILS(add(2, 3), -ELOOP);
    end();
}

static void
a_long_chain_is_searched_without_a_deep_stack(void)
{
    enum { N = 100000 };
    begin();
    int wrong = 0;
    for (uint32_t i = 1; i <= N / 2; i++)
        wrong += add(i, i + 1) != 0;
    for (uint32_t i = N; i > N / 2; i--)
        wrong += add(i, i + 1) != 0;
    CU_ASSERT_EQUAL(wrong, 0);
    CY_FAILS(add(N + 1, 1), -ELOOP);
    for (uint32_t i = 1; i <= N; i++)
        remove_edge(i, i + 1);
    CY_OK(add(N + 1, 1));
    end();
}

/* Channels of node 9; the reference says which. */
static struct cyi_place
away(uint32_t number, cy_ref *ref)
{
    struct cyi_place there = place(number);
    there.node = 9;
    *ref = (cy_ref){.node = 9, .slot = there.slot, .generation = 1};
    return there;
}

static void
it_says_to_whom_elsewhere_a_channel_leads(void)
{
    cy_ref ref[3], found[3];
    begin();
    CY_OK(cyi_channel_graph_reach(node, place(1), place(9), found, 3));
    CY_OK(add(1, 2));
    CY_OK(add(1, 3));
    for (uint32_t i = 0; i < 3; i++) {
        /* The same number here and there are two. */
        struct cyi_place there = away(i + 1, &ref[i]);
        CY_OK(cyi_channel_graph_add(node, place(i == 2 ? 1 : 2 + i), there, &ref[i]));
    }
    CU_ASSERT_EQUAL(cyi_channel_graph_reach(node, place(1), place(9), found, 3), 3);
    CY_FAILS(cyi_channel_graph_reach(node, place(1), place(9), found, 2), -ENOBUFS);
    CU_ASSERT_EQUAL(cyi_channel_graph_reach(node, place(2), place(9), found, 1), 1);
    CU_ASSERT_TRUE(cy_ref_equal(found[0], ref[0]));
    CU_ASSERT_EQUAL(cyi_channel_graph_reach(node, place(2), place(1), found, 1), 1);
    CY_FAILS(cyi_channel_graph_reach(node, place(1), place(3), found, 3), -ELOOP);
    cyi_channel_graph_remove(node, place(2), away(1, &ref[0]));
    CY_OK(cyi_channel_graph_reach(node, place(2), place(9), found, 1));
    end();
}

CY_TEST_MAIN("runtime.channel_graph", CY_TEST(a_channel_cannot_feed_itself),
             CY_TEST(it_says_to_whom_elsewhere_a_channel_leads),
             CY_TEST(a_diamond_is_no_circle),
             CY_TEST(what_was_cut_may_be_connected_the_other_way),
             CY_TEST(a_long_chain_is_searched_without_a_deep_stack))
