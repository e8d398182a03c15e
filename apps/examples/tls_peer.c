/*
 * tls_peer.c - nodes that trust each other by a certificate, and what others are told.
 *
 *     tls_peer make FILE                             a key and a certificate, for all nodes
 *     tls_peer serve --certfile FILE --tcp-port 4000
 *     tls_peer ask HOST 4000 --certfile FILE         with the same file, another, or none
 *
 * `make` is the same as
 *
 *     openssl req -x509 -newkey rsa:2048 -keyout FILE -nodes -out FILE -sha256 -days 1000
 */
#include "example.h"

#include <cycos/certificate.h>

static int
serve(void)
{
    cy_msg *msg;
    int rc = cy_task_register("vault");
    if (rc != 0)
        return example_failed("register", rc), 1;
    puts("ready");
    while ((rc = cy_receive(&msg, CY_FOREVER)) ==
           0) { /* SIGHUP reads the file anew meanwhile */
        printf("safely: %.*s\n", EXAMPLE_TEXT(msg));
        cy_msg_free(&msg);
    }
    return rc == -ECANCELED ? 0 : 1;
}

static int
ask(const struct example *example)
{
    const cy_time deadline = cy_after(10 * CY_SECOND);
    cy_location there;
    cy_ref vault;
    int rc = cy_location_resolve(&there, example_argument(example, 2, "127.0.0.1"),
                                 (uint16_t) example_number(example, 3, 4000), deadline);
    /* Both sides prove that they have a key before anything is said; this says who has not. */
    if (rc == 0)
        rc = cy_peer_add(&there, NULL, deadline);
    if (rc != 0)
        return example_failed(cy_errname(rc), rc), 1;
    if ((rc = cy_task_locate(&vault, "vault", &there, deadline)) != 0)
        return example_failed("no vault", rc), 1;
    cy_msg *msg;
    if ((rc = cy_msg_copy(&msg, 1, "a secret", 8)) != 0)
        return example_failed("message", rc), 1;
    if ((rc = cy_deliver(vault, &msg, deadline)) < 0)
        cy_msg_free(&msg);
    if (rc != 1)
        return example_failed("deliver", rc), 1;
    puts("delivered");
    return 0;
}

static int
serve_or_ask(void *arg)
{
    const struct example *example = arg;
    return strcmp(example_argument(example, 1, "serve"), "ask") == 0 ? ask(example) : serve();
}

int
main(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "make") != 0)
        return example_run(argc, argv, serve_or_ask);
    int rc = cy_certificate_create(argv[2], NULL);
    return rc == 0 ? 0 : (example_failed(argv[2], rc), 1);
}
