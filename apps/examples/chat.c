/*
 * chat.c - everybody who starts it is in the same room.
 *
 *     chat ANN        type lines; end with ^D
 */
#include "example.h"

#include <cycos/pool.h>
enum { LINE_BYTES = 400 };

struct line {
    char text[LINE_BYTES];
    bool end;
};

/* On a thread of the pool: standard input blocks. */
static int
read_line(void *arg)
{
    struct line *line = arg;
    line->end = fgets(line->text, sizeof line->text, stdin) == NULL;
    line->text[strcspn(line->text, "\n")] = '\0';
    return 0;
}

static int
print_all(void *arg)
{
    cy_msg *msg;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        printf("%.*s\n", EXAMPLE_TEXT(msg));
        cy_msg_free(&msg);
    }
    return 0;
}

/* The first one opens the room, the others find it. */
static int
enter(cy_ref *room)
{
    int rc = cy_channel_locate(room, "chat", NULL, cy_after(2 * CY_SECOND));
    if (rc != -ETIMEDOUT)
        return rc;
    rc = cy_channel_create(room, "chat", NULL);
    return rc == 0 ? cy_channel_register(*room, NULL) : rc;
}

static int
chat(void *arg)
{
    static const struct cy_task_options daemon = {.daemon = true};
    const char *who = example_argument(arg, 1, "somebody");
    cy_ref room, printer;
    struct line line = {.end = false};
    int rc = enter(&room);
    if (rc == 0)
        rc = cy_task_spawn(&printer, print_all, NULL, &daemon);
    if (rc == 0)
        rc = cy_channel_subscribe(room, printer, cy_after(5 * CY_SECOND));
    for (printf("%s is in\n", who); rc == 0 && !line.end;) {
        char said[LINE_BYTES + 64];
        if ((rc = cy_blocking(NULL, read_line, &line)) == 0 && !line.end) {
            int size = snprintf(said, sizeof said, "%.60s: %s", who, line.text);
            rc = cy_send_bytes(room, 1, said, (size_t) size);
        }
    }
    return rc == 0 || rc == -ECANCELED ? 0 : (example_failed("chat", rc), 1);
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, chat);
}
