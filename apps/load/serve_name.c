/* serve_name.c - something to load by messages: a task and a channel that keep books. */
#include "serve_name.h"
#include "reader.h"

#include <cycos/channel.h>
#include <cycos/registry.h>
#include <cycos/run.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUBSCRIBE_NS (10 * CY_SECOND)

/* What the main task tells the reader of another core. */
struct seat {
    struct load_reader reader;
    char name[CY_NAME_MAX + 1];
    cy_ref main;
};

enum { SEATED = 1 }; /* to the main task: a reader has its name, or the code why it has not */

struct servers {
    struct load_service *service;
    cy_ref channel;
    uint16_t count;
    cy_ref reader[CY_CORES_MAX];
};

static int
load_read(void *arg)
{
    struct seat *seat = arg;
    int rc = load_reader_register(&seat->reader);
    int sent = cy_send_bytes(seat->main, SEATED, &rc, sizeof rc);
    if (rc == 0 && sent == 0)
        load_reader_run(&seat->reader);
    free(seat);
    return 0;
}

static int
await_seat(void)
{
    cy_msg *msg;
    int seated, rc = cy_receive_tag(&msg, SEATED, CY_FOREVER);
    if (rc != 0)
        return rc;
    memcpy(&seated, cy_msg_body(msg), sizeof seated);
    cy_msg_free(&msg);
    return seated;
}

static int
seat(struct servers *s, uint16_t core)
{
    struct seat *seat = calloc(1, sizeof *seat);
    if (seat == NULL)
        return -ENOMEM;
    snprintf(seat->name, sizeof seat->name, "%.*s.%u", LOAD_SERVED_MAX, s->service->target.host,
             core);
    seat->reader.name = seat->name;
    seat->main = cy_self();
    int rc = cy_task_spawn_on(&s->reader[s->count], core, load_read, seat, NULL);
    if (rc != 0) {
        free(seat);
        return rc;
    }
    s->count++;
    return await_seat();
}

static int
subscribe_all(struct servers *s)
{
    int rc = 0;
    for (uint16_t i = 0; i < s->count && rc == 0; i++)
        rc = cy_channel_subscribe(s->channel, s->reader[i], cy_after(SUBSCRIBE_NS));
    return rc;
}

/* A reader has nothing to finish: it ends as soon as the node wants to. */
static int
load_end_reader(void *arg)
{
    const struct load_service *service = arg;
    int rc = cy_wait_stopping(CY_FOREVER);
    return rc != 0 ? 0 : cy_terminate(service->reader);
}

static void
end_others(const struct servers *s)
{
    for (uint16_t i = 1; i < s->count; i++) {
        int rc = cy_terminate(s->reader[i]);
        (void) rc; /* it may have ended */
    }
}

static void
announce(const struct load_service *service)
{
    const char *name = service->target.host;
    if (service->announce == NULL)
        return;
    fprintf(service->announce, "load: ready, task://%s and channel://%s on %u core%s\n", name,
            name, cy_core_count(), cy_core_count() == 1 ? "" : "s");
    fflush(service->announce);
}

/* Readers first, then the channel that they all subscribe to, then the name of the task. */
static int
set_up(struct servers *s, struct load_reader *reader)
{
    const struct cy_task_options daemon = {.daemon = true};
    s->service->reader = s->reader[0] = cy_self();
    s->count = 1;
    int rc = cy_channel_create(&s->channel, reader->name, NULL);
    for (uint16_t core = 1; core < cy_core_count() && rc == 0; core++)
        rc = seat(s, core);
    rc = rc != 0 ? rc : subscribe_all(s);
    reader->subscribed = s->count;
    rc = rc != 0 ? rc : load_reader_register(reader);
    rc = rc != 0 ? rc : cy_channel_register(s->channel, NULL);
    return rc != 0 ? rc : cy_task_spawn(NULL, load_end_reader, s->service, &daemon);
}

int
load_serve_name(void *arg)
{
    struct load_service *service = arg;
    struct load_reader *reader = calloc(1, sizeof *reader);
    struct servers *s = calloc(1, sizeof *s);
    int rc = -ENOMEM;
    if (reader != NULL && s != NULL) {
        s->service = service;
        reader->name = service->target.host;
        rc = set_up(s, reader);
    }
    if (rc == 0) {
        announce(service);
        load_reader_run(reader);
    } else {
        snprintf(service->error, sizeof service->error, "cannot serve the name %s: %s",
                 service->target.host, cy_strerror(rc));
    }
    if (s != NULL)
        end_others(s);
    free(reader);
    free(s);
    return rc == 0 ? 0 : 3;
}
