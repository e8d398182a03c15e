/*
 * tls_pipe.c - the same records by plain wolfSSL: one process writes them, another reads them.
 *
 *     tls_pipe CERTIFICATE SUITE      bench/peers/wolfssl/bulk runs it
 *
 * Nothing but wolfSSL and a blocking socket: records of 16 KiB, each full of messages of 64
 * bytes or a quarter of one of 64 KiB, which nobody looks at.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

enum { RECORD = 16 << 10, RECORDS = 40000 };

static double
clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static void
want(const char *what, int is)
{
    if (is)
        return;
    fprintf(stderr, "tls_pipe: %s\n", what);
    exit(1);
}

static WOLFSSL *
open_session(int fd, const char *file, const char *suite, int server)
{
    WOLFSSL_CTX *ctx =
        wolfSSL_CTX_new(server ? wolfTLSv1_3_server_method() : wolfTLSv1_3_client_method());
    want("certificate", wolfSSL_CTX_use_certificate_chain_file(ctx, file) == WOLFSSL_SUCCESS);
    want("key",
         wolfSSL_CTX_use_PrivateKey_file(ctx, file, WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS);
    want("trust", wolfSSL_CTX_load_verify_locations(ctx, file, NULL) == WOLFSSL_SUCCESS);
    want("suite", wolfSSL_CTX_set_cipher_list(ctx, suite) == WOLFSSL_SUCCESS);
    wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           NULL);
    WOLFSSL *ssl = wolfSSL_new(ctx);
    want("descriptor", wolfSSL_set_fd(ssl, fd) == WOLFSSL_SUCCESS);
    want("handshake", (server ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl)) == WOLFSSL_SUCCESS);
    return ssl;
}

static void
read_all(WOLFSSL *ssl)
{
    static char buffer[RECORD];
    long left = (long) RECORDS * RECORD;
    while (left > 0) {
        int n = wolfSSL_read(ssl, buffer, sizeof buffer);
        want("read", n > 0);
        left -= n;
    }
    want("answer", wolfSSL_write(ssl, "x", 1) == 1);
}

static void
write_all(WOLFSSL *ssl, pid_t reader)
{
    static char buffer[RECORD];
    clockid_t there;
    want("clock", clock_getcpuclockid(reader, &there) == 0);
    double begin = clock_ns(CLOCK_MONOTONIC), here = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    double spent = clock_ns(there);
    for (int i = 0; i < RECORDS; i++)
        want("write", wolfSSL_write(ssl, buffer, sizeof buffer) == sizeof buffer);
    want("answer", wolfSSL_read(ssl, buffer, 1) == 1);
    double bytes = (double) RECORDS * RECORD;
    printf("{\"bench\":\"pipe\",\"mb_s\":%.0f,\"mb_cpu_s_client\":%.0f,"
           "\"mb_cpu_s_server\":%.0f}\n",
           bytes * 1e3 / (clock_ns(CLOCK_MONOTONIC) - begin),
           bytes * 1e3 / (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - here),
           bytes * 1e3 / (clock_ns(there) - spent));
}

int
main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    want("arguments: CERTIFICATE SUITE", argc == 3);
    want("bind",
         bind(listener, (struct sockaddr *) &at, size) == 0 && listen(listener, 1) == 0);
    want("port", getsockname(listener, (struct sockaddr *) &at, &size) == 0);
    wolfSSL_Init();
    pid_t reader = fork();
    if (reader == 0) {
        read_all(open_session(accept(listener, NULL, NULL), argv[1], argv[2], 1));
        pause(); /* its clock is still to be read */
    }
    want("connect", connect(fd, (struct sockaddr *) &at, size) == 0);
    write_all(open_session(fd, argv[1], argv[2], 0), reader);
    kill(reader, SIGKILL);
    waitpid(reader, NULL, 0);
    return 0;
}
