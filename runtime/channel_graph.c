/*
 * channel_graph.c - which channel feeds which, in the whole node, so that none feeds itself.
 *
 * A message that went round would never end, and no single core sees the whole circle. The
 * graph is changed under the node's lock only when a channel subscribes to a channel, which
 * is rare; a search visits what is downstream, each channel once. Channels of other nodes
 * stand in it as far as ours feed them; what these feed, their nodes know (channel_search.c).
 */
#include "channel.h"

#include <stdlib.h>

struct graph {
    struct cyi_hash_key hash_key;
    struct cyi_map vertices;
    uint64_t round; /* of the present search */
};

/* A channel with at least one edge. */
struct vertex {
    struct cyi_map_node node;
    struct cyi_place place;
    struct cyi_list edges; /* to what it feeds */
    uint32_t feeders;
    uint64_t seen;           /* the round in which a search came by */
    struct vertex *to_visit; /* next one */
    cy_ref away;             /* if it is of another node */
};

struct edge {
    struct cyi_list link;
    struct vertex *to;
};

static void
free_vertex(struct cyi_map_node *node, void *arg)
{
    struct vertex *vertex = cyi_container_of(node, struct vertex, node);
    (void) arg;
    cyi_list_for_each_safe(link, &vertex->edges) {
        free(cyi_container_of(link, struct edge, link));
    }
    free(vertex);
}

static void
fini(void *data)
{
    struct graph *graph = data;
    cyi_map_drain(&graph->vertices, free_vertex, NULL);
    cyi_map_fini(&graph->vertices);
    free(graph);
}

static int
create(struct cyi_extension *out, const struct cyi_node *node)
{
    struct graph *graph = calloc(1, sizeof *graph);
    if (graph == NULL)
        return -ENOMEM;
    graph->hash_key = node->hash_key;
    *out = (struct cyi_extension){.data = graph, .fini = fini};
    return 0;
}

static struct vertex *
find(const struct graph *graph, struct cyi_place place)
{
    cyi_map_for_each(node, &graph->vertices, cyi_place_hash(&graph->hash_key, place)) {
        struct vertex *vertex = cyi_container_of(node, struct vertex, node);
        if (cyi_place_equal(vertex->place, place))
            return vertex;
    }
    return NULL;
}

static struct vertex *
find_or_make(struct graph *graph, struct cyi_place place)
{
    struct vertex *vertex = find(graph, place);
    if (vertex != NULL)
        return vertex;
    vertex = calloc(1, sizeof *vertex);
    if (vertex == NULL)
        return NULL;
    vertex->place = place;
    cyi_list_init(&vertex->edges);
    uint64_t hash = cyi_place_hash(&graph->hash_key, place);
    if (cyi_map_insert(&graph->vertices, &vertex->node, hash) != 0) {
        free(vertex);
        return NULL;
    }
    return vertex;
}

static void
forget_if_alone(struct graph *graph, struct vertex *vertex)
{
    if (vertex->feeders > 0 || !cyi_list_empty(&vertex->edges))
        return;
    cyi_map_remove(&graph->vertices, &vertex->node);
    free(vertex);
}

/* Puts what the vertex feeds, and no search of this round has seen, in front of the others. */
static struct vertex *
push_fed(const struct graph *graph, const struct vertex *vertex, struct vertex *others)
{
    cyi_list_for_each(link, &vertex->edges) {
        struct vertex *to = cyi_container_of(link, struct edge, link)->to;
        if (to->seen == graph->round)
            continue;
        to->seen = graph->round;
        to->to_visit = others;
        others = to;
    }
    return others;
}

static bool
leads_to(struct graph *graph, struct vertex *from, const struct vertex *to)
{
    struct vertex *next = from;
    if (to->feeders == 0) /* most often: nothing leads to it at all */
        return false;
    from->seen = ++graph->round;
    from->to_visit = NULL;
    while (next != NULL) {
        struct vertex *at = next;
        if (at == to)
            return true;
        next = push_fed(graph, at, at->to_visit);
    }
    return false;
}

static int
connect_vertices(struct graph *graph, struct vertex *from, struct vertex *to)
{
    if (leads_to(graph, to, from))
        return -ELOOP;
    struct edge *edge = malloc(sizeof *edge);
    if (edge == NULL)
        return -ENOMEM;
    edge->to = to;
    cyi_list_append(&from->edges, &edge->link);
    to->feeders++;
    return 0;
}

static int
add(struct graph *graph, struct cyi_place from, struct cyi_place to, const cy_ref *away)
{
    if (cyi_place_equal(from, to))
        return -ELOOP;
    struct vertex *a = find_or_make(graph, from);
    struct vertex *b = find_or_make(graph, to);
    int rc = a == NULL || b == NULL ? -ENOMEM : connect_vertices(graph, a, b);
    if (rc == 0 && away != NULL)
        b->away = *away;
    if (rc != 0 && a != NULL)
        forget_if_alone(graph, a);
    if (rc != 0 && b != NULL)
        forget_if_alone(graph, b);
    return rc;
}

static void
remove_edge(struct graph *graph, struct vertex *from, struct vertex *to)
{
    cyi_list_for_each(link, &from->edges) {
        struct edge *edge = cyi_container_of(link, struct edge, link);
        if (edge->to != to)
            continue;
        cyi_list_remove(link);
        free(edge);
        to->feeders--;
        forget_if_alone(graph, from);
        forget_if_alone(graph, to);
        return;
    }
}

int
cyi_channel_graph_add(struct cyi_node *node, struct cyi_place from, struct cyi_place to,
                      const cy_ref *away)
{
    struct graph *graph = cyi_node_extend(node, CYI_EXTENSION_CHANNELS, create);
    if (graph == NULL)
        return -ENOMEM;
    pthread_mutex_lock(&node->lock);
    int rc = add(graph, from, to, away);
    pthread_mutex_unlock(&node->lock);
    return rc;
}

void
cyi_channel_graph_remove(struct cyi_node *node, struct cyi_place from, struct cyi_place to)
{
    struct graph *graph = cyi_node_extend(node, CYI_EXTENSION_CHANNELS, create);
    if (graph == NULL)
        return;
    pthread_mutex_lock(&node->lock);
    struct vertex *a = find(graph, from), *b = find(graph, to);
    if (a != NULL && b != NULL)
        remove_edge(graph, a, b);
    pthread_mutex_unlock(&node->lock);
}

/* Visits all that `from` leads to. */
static int
collect(struct graph *graph, struct vertex *from, const struct vertex *target, cy_ref *out,
        uint32_t max)
{
    struct vertex *next = from;
    uint32_t count = 0;
    from->seen = ++graph->round;
    from->to_visit = NULL;
    while (next != NULL) {
        struct vertex *at = next;
        if (at == target)
            return -ELOOP;
        if (at->place.node != 0 && count == max)
            return -ENOBUFS;
        if (at->place.node != 0)
            out[count++] = at->away;
        next = push_fed(graph, at, at->to_visit);
    }
    return (int) count;
}

int
cyi_channel_graph_reach(struct cyi_node *node, struct cyi_place from, struct cyi_place target,
                        cy_ref *out, uint32_t max)
{
    struct graph *graph = cyi_node_extend(node, CYI_EXTENSION_CHANNELS, create);
    if (graph == NULL)
        return -ENOMEM;
    pthread_mutex_lock(&node->lock);
    struct vertex *vertex = find(graph, from);
    int count = vertex == NULL ? 0 : collect(graph, vertex, find(graph, target), out, max);
    pthread_mutex_unlock(&node->lock);
    return count;
}
