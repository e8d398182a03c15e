/* crew.c - who makes the load: the cores of this node, or those of workers. */
#include "crew.h"
#include "assignment.h"
#include "generator.h"
#include "hire.h"
#include "scout.h"
#include "units.h"

#include <cycos/run.h>
#include <cycos/task.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_NS (200 * CY_MILLISECOND) /* before busy workers are asked again */
#define PAUSE_NS CY_MILLISECOND
#define SLACK_NS (10 * CY_SECOND) /* beyond what a worker may wait for the target */

enum { BUSY_MAX = 1024 };

/* Those that were met and not hired. */
struct gathering {
    struct load_crew *crew;
    uint32_t wanted, strangers; /* of another version */
    uint32_t busy_count;
    cy_ref busy[BUSY_MAX];
    cy_time deadline;
};

static bool
is_known(const struct gathering *g, cy_ref worker)
{
    for (uint32_t i = 0; i < g->crew->hand_count; i++)
        if (cy_ref_equal(g->crew->hands[i].ref, worker))
            return true;
    for (uint32_t i = 0; i < g->busy_count; i++)
        if (cy_ref_equal(g->busy[i], worker))
            return true;
    return false;
}

/* What another node says goes to terminals and files: nothing but letters. */
static void
make_plain(char *text, size_t size)
{
    text[size - 1] = '\0';
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

static int
ask(cy_ref worker, struct load_hire_answer *out, cy_time deadline)
{
    const struct load_hire_ask ask = {LOAD_HIRE_VERSION, sizeof(struct load_msg_done)};
    cy_msg *msg, *reply;
    int rc = cy_msg_copy(&msg, LOAD_HIRE_ASK, &ask, sizeof ask);
    if (rc != 0)
        return rc;
    rc = cy_call(&reply, worker, &msg, deadline);
    if (rc != 0) {
        cy_msg_free(&msg);
        return rc;
    }
    rc = cy_msg_size(reply) == sizeof *out ? 0 : -EBADMSG;
    if (rc == 0)
        memcpy(out, cy_msg_body(reply), sizeof *out);
    cy_msg_free(&reply);
    make_plain(out->name, sizeof out->name);
    return rc;
}

/* Returns whether it need not be asked again. */
static bool
hire(struct gathering *g, cy_ref worker)
{
    struct load_crew *crew = g->crew;
    struct load_hire_answer answer = {.error = 0};
    int rc = ask(worker, &answer, g->deadline);
    if (rc == -ETIMEDOUT || (rc == 0 && answer.error == -EBUSY))
        return false;
    bool sound = answer.error == 0 && answer.cores > 0 && answer.cores <= CY_CORES_MAX;
    g->strangers += rc == 0 && !sound;
    if (rc != 0 || !sound)
        return true;
    struct load_hand *hand = &crew->hands[crew->hand_count++];
    *hand = (struct load_hand){.ref = worker, .cores = answer.cores};
    memcpy(hand->name, answer.name, sizeof hand->name);
    crew->cores += answer.cores;
    return true;
}

static void
ask_the_busy(struct gathering *g)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < g->busy_count; i++)
        if (g->crew->hand_count == g->wanted || !hire(g, g->busy[i]))
            g->busy[left++] = g->busy[i];
    g->busy_count = left;
}

static int
meet(struct gathering *g)
{
    cy_time again = cy_after(AGAIN_NS);
    cy_msg *msg;
    cy_ref worker;
    int rc = cy_receive_tag(&msg, LOAD_MSG_FOUND, again < g->deadline ? again : g->deadline);
    if (rc == -ETIMEDOUT)
        ask_the_busy(g);
    if (rc != 0)
        return rc;
    memcpy(&worker, cy_msg_body(msg), sizeof worker);
    cy_msg_free(&msg);
    if (!is_known(g, worker) && !hire(g, worker) && g->busy_count < BUSY_MAX)
        g->busy[g->busy_count++] = worker;
    return 0;
}

static int
say_too_few(const struct gathering *g, int64_t waited_ns, char *error, size_t size)
{
    char waited[LOAD_UNIT_TEXT_MAX];
    snprintf(error, size,
             "--workers %u: within %s %u were found free, %u busy, %u of another version "
             "(start them with `load worker`; --udp-port and secret as here)",
             g->wanted, load_format_duration(waited, (double) waited_ns), g->crew->hand_count,
             g->busy_count, g->strangers);
    return -ETIMEDOUT;
}

static int
gather_workers(struct gathering *g, int64_t timeout_ns, char *error, size_t size)
{
    cy_ref scout;
    g->deadline = cy_after(timeout_ns);
    int rc = load_scout_send(&scout, LOAD_WORKER_NAME, g->deadline);
    if (rc != 0) {
        snprintf(error, size, "cannot look for workers: %s", cy_strerror(rc));
        return rc;
    }
    while (g->crew->hand_count < g->wanted && cy_now() < g->deadline && rc != -ECANCELED)
        rc = meet(g);
    rc = cy_terminate(scout);
    (void) rc; /* its time may be over */
    return g->crew->hand_count == g->wanted ? 0 : say_too_few(g, timeout_ns, error, size);
}

int
load_crew_gather(struct load_crew *crew, const struct load_settings *settings, char *error,
                 size_t size)
{
    *crew = (struct load_crew){.cores = cy_core_count()};
    if (settings->flags.workers == 0)
        return 0;
    struct gathering *g = calloc(1, sizeof *g);
    crew->hands = calloc(settings->flags.workers, sizeof *crew->hands);
    crew->cores = 0;
    if (g == NULL || crew->hands == NULL) {
        free(g);
        return -ENOMEM;
    }
    g->crew = crew;
    g->wanted = settings->flags.workers;
    int rc = gather_workers(g, settings->flags.timeout_ns, error, size);
    free(g);
    return rc;
}

void
load_crew_fini(struct load_crew *crew)
{
    for (uint32_t i = 0; i < crew->hand_count; i++) {
        int rc = cy_send_bytes(crew->hands[i].ref, LOAD_HIRE_RELEASE, NULL, 0);
        (void) rc; /* it notices when this task ends */
    }
    free(crew->hands);
    free(crew->generators);
    free(crew->orders);
    *crew = (struct load_crew){.cores = 0};
}

uint32_t
load_crew_parts(const struct load_crew *crew, const struct load_settings *settings)
{
    return crew->cores < settings->connections ? crew->cores : settings->connections;
}

static int
start_own(struct load_crew *crew, const struct load_order *model)
{
    const struct cy_task_options options = {.monitor = true};
    int rc = 0;
    for (uint32_t i = 0; i < model->parts && rc == 0; i++) {
        crew->orders[i] = *model;
        load_order_share(&crew->orders[i], i);
        rc = cy_task_spawn_on(&crew->generators[i], (uint16_t) i, load_generate,
                              &crew->orders[i], &options);
        crew->parts += rc == 0;
    }
    return rc;
}

static int
take_staff(struct load_crew *crew, const struct load_hand *hand, uint32_t count,
           const cy_msg *reply, char *error, size_t size)
{
    struct load_staff staff;
    if (cy_msg_size(reply) < sizeof staff)
        return -EBADMSG;
    memcpy(&staff, cy_msg_body(reply), sizeof staff);
    make_plain(staff.text, sizeof staff.text);
    if (staff.error != 0) {
        snprintf(error, size, "worker %s: %s", hand->name, staff.text);
        return staff.error;
    }
    if (staff.count != count || cy_msg_size(reply) != sizeof staff + count * sizeof(cy_ref))
        return -EBADMSG;
    memcpy(&crew->generators[crew->parts], (const char *) cy_msg_body(reply) + sizeof staff,
           count * sizeof(cy_ref));
    int rc = 0;
    for (uint32_t i = 0; i < count && rc == 0; i++) {
        rc = cy_monitor(crew->generators[crew->parts]);
        crew->parts += rc == 0;
    }
    return rc;
}

static int
start_hired(struct load_crew *crew, const struct load_hand *hand,
            const struct load_assignment *assignment, char *error, size_t size)
{
    cy_msg *msg, *reply;
    int rc = load_assignment_write(&msg, assignment, LOAD_HIRE_ORDER);
    if (rc != 0)
        return rc;
    rc =
        cy_call(&reply, hand->ref, &msg, cy_after(2 * assignment->flags.timeout_ns + SLACK_NS));
    if (rc == 0) {
        rc = take_staff(crew, hand, assignment->count, reply, error, size);
        cy_msg_free(&reply);
    } else {
        cy_msg_free(&msg);
    }
    if (rc != 0 && error[0] == '\0')
        snprintf(error, size, "worker %s: %s", hand->name, cy_strerror(rc));
    return rc;
}

static int
start_all_hired(struct load_crew *crew, const struct load_order *model, char *error,
                size_t size)
{
    const struct load_settings *settings = model->settings;
    struct load_assignment assignment = {
        .flags = settings->flags,
        .trial_rate = settings->flags.find_max ? settings->rate : 0,
        .parts = model->parts,
        .run = model->run,
        .fill = model->fill,
    };
    int rc = 0;
    snprintf(assignment.target, sizeof assignment.target, "%s", settings->target_text);
    for (uint32_t i = 0; i < crew->hand_count && rc == 0; i++) {
        assignment.first = crew->hands[i].first;
        assignment.count = crew->hands[i].count;
        if (assignment.count > 0)
            rc = start_hired(crew, &crew->hands[i], &assignment, error, size);
    }
    return rc;
}

/* With fewer parts than cores each worker leaves cores idle, and not the last ones all. */
static void
share_parts(struct load_crew *crew, uint32_t parts)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < crew->hand_count; i++) {
        struct load_hand *hand = &crew->hands[i];
        hand->first = (uint32_t) (before * parts / crew->cores);
        before += hand->cores;
        hand->count = (uint32_t) (before * parts / crew->cores) - hand->first;
    }
}

int
load_crew_start(struct load_crew *crew, const struct load_order *model, char *error,
                size_t size)
{
    free(crew->generators);
    free(crew->orders);
    crew->parts = 0;
    crew->generators = calloc(model->parts, sizeof *crew->generators);
    crew->orders = calloc(model->parts, sizeof *crew->orders);
    if (crew->generators == NULL || crew->orders == NULL)
        return -ENOMEM;
    if (crew->hand_count == 0)
        return start_own(crew, model);
    share_parts(crew, model->parts);
    return start_all_hired(crew, model, error, size);
}

void
load_crew_tell(const struct load_crew *crew, uint32_t tag, const void *body, size_t size)
{
    for (uint32_t i = 0; i < crew->parts; i++) {
        int rc = cy_send_bytes(crew->generators[i], tag, body, size);
        while (rc == -EAGAIN && cy_sleep(PAUSE_NS) == 0)
            rc = cy_send_bytes(crew->generators[i], tag, body, size);
        /* One that has ended says so by its exit message. */
    }
}

int64_t
load_crew_part(const struct load_crew *crew, cy_ref generator)
{
    for (uint32_t i = 0; i < crew->parts; i++)
        if (cy_ref_equal(crew->generators[i], generator))
            return i;
    return -1;
}

const struct load_hand *
load_crew_hand(const struct load_crew *crew, uint32_t part)
{
    for (uint32_t i = 0; i < crew->hand_count; i++)
        if (part - crew->hands[i].first < crew->hands[i].count)
            return &crew->hands[i];
    return NULL;
}
