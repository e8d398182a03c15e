/*
 * ship_file.c - ship a program to a peer, run it there, and remove it again.
 *
 *     CYCOS_DEST_PATH=FOLDER ship_file      runs what comes
 *     ship_file PROGRAM                     ships it, says how it has ended
 */
#include "example.h"

#include <cycos/file.h>
#include <cycos/pool.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* On a thread that may block: the status with which it ended. */
static int
run_program(void *arg)
{
    char *argv[] = {arg, NULL};
    int status = 0;
    pid_t child;
    int rc = posix_spawn(&child, arg, NULL, NULL, argv, environ);
    if (rc == 0 && waitpid(child, &status, 0) < 0)
        rc = ECHILD;
    return rc != 0 ? -rc : WEXITSTATUS(status);
}

static int
serve(void)
{
    const char *folder = getenv("CYCOS_DEST_PATH");
    char program[512];
    cy_msg *msg, *answer;
    int rc = cy_task_register("runner"), status = 0;
    puts(rc == 0 ? "ready" : cy_strerror(rc));
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        snprintf(program, sizeof program, "%s/jobs/%.*s", folder, EXAMPLE_TEXT(msg));
        rc = cy_blocking(&status, run_program, program);
        status = rc == 0 ? status : rc;
        if (cy_msg_copy(&answer, 1, &status, sizeof status) == 0 && cy_reply(msg, &answer) != 0)
            cy_msg_free(&answer);
        cy_msg_free(&msg);
    }
    return 0;
}

static int
ship(void *arg)
{
    const char *path = example_argument(arg, 1, NULL);
    cy_ref runner;
    cy_msg *msg = NULL, *answer = NULL;
    if (path == NULL)
        return serve();
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    int rc = cy_task_locate(&runner, "runner", NULL, cy_after(10 * CY_SECOND));
    cy_location there = cy_ref_location(runner);
    if (rc == 0)
        rc = cy_file_send(&there, path, "jobs", CY_FILE_OVERWRITE, NULL, CY_FOREVER);
    printf("shipped: %s\n", rc == CY_FILE_SAME ? "it was there" : cy_strerror(rc));
    if (rc >= 0)
        rc = cy_msg_copy(&msg, 1, name, strlen(name));
    if (rc == 0)
        rc = cy_call(&answer, runner, &msg, cy_after(60 * CY_SECOND));
    if (rc == 0)
        printf("ended: status %d\n", *(const int *) cy_msg_body(answer));
    cy_msg_free(&msg);
    cy_msg_free(&answer);
    int removed = cy_file_delete(&there, name, "jobs", cy_after(10 * CY_SECOND));
    printf("removed: %s\n", cy_strerror(removed));
    return rc != 0 ? (example_failed(path, rc), 1) : removed != 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, ship);
}
