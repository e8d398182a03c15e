/*
 * log_source.c - something that has lines to tell, for log_watch.
 *
 *     log_source NAME [LINES]      one line each 100 ms; without LINES until it is stopped
 */
#include "example.h"

static int
tell(void *arg)
{
    const char *name = example_argument(arg, 1, "source");
    int lines = (int) example_number(arg, 2, 0);
    cy_ref log;
    int rc = cy_channel_create(&log, "log", NULL);
    if (rc == 0)
        rc = cy_channel_register(log, NULL);
    if (rc != 0)
        return example_failed("log", rc), 1;
    puts("ready");
    for (int i = 1; rc == 0 && (lines == 0 || i <= lines); i++) {
        char line[80];
        int size = snprintf(line, sizeof line, "%.60s: line %d", name, i);
        rc = cy_send_bytes(log, 1, line, (size_t) size);
        if (rc == 0)
            rc = cy_sleep(100 * CY_MILLISECOND);
    }
    return rc == 0 || rc == -ECANCELED ? 0 : (example_failed("send", rc), 1);
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, tell);
}
