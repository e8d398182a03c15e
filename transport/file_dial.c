/*
 * file_dial.c - connections for files: dialled, and kept for the next file for a moment.
 *
 * A file of a few kilobytes is sent in less time than it takes to connect and to shake hands.
 *
 * Tests: tests/transport/test_file.c
 */
#include "file_line.h"
#include <string.h>

enum { KEPT_MAX = 16, DIALS_MAX = 4, TRIES = 6 }; /* per core */

static cy_time
now_of(const struct cyi_net_core *owner)
{
    return owner->core->os->now(owner->core->os);
}

static void
take_out(struct cyi_file_line *line)
{
    cyi_list_remove(&line->link);
    line->owner->file_line_count--;
}

static void
close_kept(struct cyi_file_line *line)
{
    struct cyi_heap *heap = &line->owner->core->heap;
    take_out(line);
    cyi_file_line_close(line);
    cyi_heap_give(heap, cyi_heap_class(sizeof *line), line);
}

static bool
take_kept(struct cyi_file_line *out, struct cyi_net_core *owner, const cy_location *to)
{
    cyi_list_for_each(link, &owner->file_lines) {
        struct cyi_file_line *line = cyi_container_of(link, struct cyi_file_line, link);
        if (line->to.port != to->port ||
            memcmp(line->to.address, to->address, sizeof to->address) != 0)
            continue;
        take_out(line);
        out->connection = line->connection;
        cyi_heap_give(&owner->core->heap, cyi_heap_class(sizeof *line), line);
        return true;
    }
    return false;
}

/*
 * A node takes so many strangers of one address at a time, and hangs up on the others: who is
 * of them comes again a moment later.
 */
static int
dial(struct cyi_file_line *line)
{
    struct cyi_net_core *owner = line->owner;
    cy_time pause = owner->net->limits.redial_ns;
    cy_address address;
    int rc;
    cyi_address_from_wire(&address, line->to.address, line->to.port);
    for (int i = 0;; i++, pause *= 2) {
        cy_time handshake = now_of(owner) + owner->net->limits.handshake_ns;
        rc = cyi_dial_file(&line->connection, owner->core, &address,
                           handshake < line->deadline ? handshake : line->deadline);
        if (rc != -ECONNRESET || i == TRIES || now_of(owner) + pause >= line->deadline)
            return rc;
        int slept = cy_sleep(pause);
        if (slept != 0)
            return slept;
    }
}

int
cyi_file_line_open(struct cyi_file_line *line, struct cyi_net_core *owner,
                   const cy_location *to, bool *fresh)
{
    cyi_list_init(&line->link);
    line->owner = owner;
    line->to = *to;
    if (!*fresh && take_kept(line, owner, to))
        return 0;
    int rc = cy_semaphore_acquire(&owner->file_dials, line->deadline);
    if (rc != 0)
        return rc;
    bool kept = !*fresh && take_kept(line, owner, to); /* while we waited */
    if (!kept) {
        *fresh = true;
        rc = dial(line);
    }
    cy_semaphore_release(&owner->file_dials);
    return rc;
}

void
cyi_file_lines_open(struct cyi_net_core *owner)
{
    cyi_list_init(&owner->file_lines);
    cy_semaphore_init(&owner->file_dials, DIALS_MAX);
    cy_semaphore_init(&owner->file_gate, 1);
}

/* Closes those that have been idle for too long, until there are none. */
static int
watch_kept(void *arg)
{
    struct cyi_net_core *owner = arg;
    cy_time linger = owner->net->limits.file_linger_ns;
    while (!cyi_list_empty(&owner->file_lines)) {
        struct cyi_file_line *oldest =
            cyi_container_of(cyi_list_first(&owner->file_lines), struct cyi_file_line, link);
        cy_time left = oldest->idle_since + linger - now_of(owner);
        if (left <= 0)
            close_kept(oldest);
        else if (cy_sleep(left) != 0)
            break;
    }
    owner->file_lines_watched = false;
    return 0;
}

void
cyi_file_line_keep(struct cyi_file_line *line)
{
    struct cyi_net_core *owner = line->owner;
    struct cyi_core *core = owner->core;
    uint8_t class = cyi_heap_class(sizeof *line);
    if (!owner->file_lines_watched)
        owner->file_lines_watched =
            core->phase < CYI_PHASE_TERMINATE &&
            cyi_daemon_start(core, watch_kept, owner, "net.files.idle") == 0;
    struct cyi_file_line *kept = NULL;
    if (owner->file_lines_watched && owner->file_line_count < KEPT_MAX)
        kept = cyi_heap_take(&core->heap, class, sizeof *kept);
    if (kept == NULL) {
        cyi_file_line_close(line);
        return;
    }
    *kept = (struct cyi_file_line){.owner = owner,
                                   .connection = line->connection,
                                   .to = line->to,
                                   .idle_since = now_of(owner)};
    line->connection = NULL;
    cyi_list_append(&owner->file_lines, &kept->link);
    owner->file_line_count++;
}

void
cyi_file_lines_close(struct cyi_net_core *owner)
{
    cyi_list_for_each_safe(link, &owner->file_lines)
        close_kept(cyi_container_of(link, struct cyi_file_line, link));
}
