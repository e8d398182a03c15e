#include "cy_node.h"
#include "tls_files.h"

#include <arpa/inet.h>
#include <cycos/io.h>
#include <cycos/task.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Sessions over real sockets of one core: who is let in, who is not, and what either end is
 * told. A dialer that is not let in learns it by its first read.
 */

enum { BULK = 300000 };

struct end {
    struct cyi_tls_context *context;
    struct cyi_tls *tls;
    cy_socket *socket;
    int result;
    uint8_t key[CYI_TLS_EXPORT];
};

struct pair {
    struct end dialer, acceptor;
    cy_socket *listener;
    const char *client; /* a command instead of the dialer, with %u for the port */
    FILE *output;
    int keyboard; /* of that command */
    int (*more)(struct pair *pair, struct end *end);
    bool ended;
};

static int
exchange(struct pair *pair, struct end *end)
{
    char text[6] = "hello";
    bool dials = end == &pair->dialer;
    int rc = cyi_tls_export(end->tls, end->key);
    if (rc == 0 && dials)
        rc = cyi_tls_write_full(end->tls, end->socket, text, 6, cy_after(10 * CY_SECOND));
    memset(text, 0, sizeof text);
    if (rc == 0)
        rc = cyi_tls_read_full(end->tls, end->socket, text, 6, cy_after(10 * CY_SECOND));
    if (rc == 0)
        CY_CHECK(strcmp(text, "hello") == 0);
    if (rc == 0 && !dials)
        rc = cyi_tls_write_full(end->tls, end->socket, text, 6, cy_after(10 * CY_SECOND));
    return rc;
}

static int
meet(struct pair *pair, struct end *end)
{
    int rc = cyi_tls_open(&end->tls, end->context, cyi_self, end == &pair->dialer);
    CY_CHECK_EQ(rc, 0);
    rc = cyi_tls_shake(end->tls, end->socket, cy_after(10 * CY_SECOND));
    if (rc == 0)
        rc = pair->more(pair, end);
    end->result = rc;
    return rc;
}

static void
part(struct end *end)
{
    cyi_tls_close(&end->tls);
    cy_close(&end->socket);
}

static int
accept_one(void *arg)
{
    struct pair *pair = arg;
    CY_CHECK_EQ(cy_tcp_accept(&pair->acceptor.socket, pair->listener, CY_FOREVER), 0);
    (void) !meet(pair, &pair->acceptor);
    part(&pair->acceptor);
    pair->ended = true;
    return 0;
}

static int
run_pair(void *arg)
{
    struct pair *pair = arg;
    char command[512];
    cy_address address = {.u.v4 = {.sin_family = AF_INET}};
    address.u.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CY_CHECK_EQ(cy_tcp_listen(&pair->listener, &address, NULL), 0);
    CY_CHECK_EQ(cy_socket_local(&address, pair->listener), 0);
    CY_CHECK_EQ(cy_task_spawn(NULL, accept_one, pair, NULL), 0);
    if (pair->client != NULL) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(command, sizeof command, pair->client, ntohs(address.u.v4.sin_port));
#pragma GCC diagnostic pop
        pair->output = popen(command, "re");
        CY_CHECK(pair->output != NULL);
    } else {
        CY_CHECK_EQ(cy_tcp_connect(&pair->dialer.socket, &address, CY_FOREVER), 0);
        (void) !meet(pair, &pair->dialer);
        part(&pair->dialer);
    }
    while (!pair->ended)
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    cy_close(&pair->listener);
    return 0;
}

static void
let_meet(struct pair *pair, struct cyi_tls_context *dialer, struct cyi_tls_context *acceptor)
{
    *pair = (struct pair){.dialer.context = dialer,
                          .acceptor.context = acceptor,
                          .client = pair->client,
                          .keyboard = pair->keyboard,
                          .more = pair->more != NULL ? pair->more : exchange};
    CY_OK(cy_node_run(1, run_pair, pair));
}

/* Both contexts are given back. */
static void
expect(struct cyi_tls_context *dialer, struct cyi_tls_context *acceptor, int dialer_result,
       int acceptor_result)
{
    struct pair pair = {.client = NULL};
    let_meet(&pair, dialer, acceptor);
    CU_ASSERT_EQUAL(pair.dialer.result, dialer_result);
    CU_ASSERT_EQUAL(pair.acceptor.result, acceptor_result);
    if (dialer_result == 0)
        CU_ASSERT_EQUAL(memcmp(pair.dialer.key, pair.acceptor.key, CYI_TLS_EXPORT), 0);
    cyi_tls_context_release(&dialer);
    cyi_tls_context_release(&acceptor);
}

static cy_time
now(void)
{
    struct cyi_os *os = cyi_os_linux();
    return os->realtime(os);
}

static struct cyi_tls_context *
made_of(const char *certificate, const char *key, const char *ca, cy_time when)
{
    struct cyi_tls_context *context = NULL;
    int rc = tls_context(&context, certificate, key, ca, when);
    if (rc != 0)
        fprintf(stderr, "%s\n", tls_why);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    return context;
}

static struct cyi_tls_context *
of(const char *certificate)
{
    return made_of(certificate, NULL, NULL, now());
}

static void
nodes_with_the_file_of_the_specification_meet(void)
{
    expect(of(tls_specified()), of(tls_specified()), 0, 0);
}

static void
nodes_with_our_own_file_meet(void)
{
    char text[TLS_TEXT_BYTES];
    tls_make_lasting(text, "cycos");
    expect(of(text), of(text), 0, 0);
}

static void
nodes_with_other_keys_meet(void)
{
    static const char *const kinds[] = {"ed25519", "ec -pkeyopt ec_paramgen_curve:P-384"};
    char text[TLS_TEXT_BYTES];
    for (int i = 0; i < 2; i++) {
        tls_folder_begin();
        CU_ASSERT_EQUAL(tls_shell("openssl req -x509 -newkey %s -keyout pem -nodes -out pem "
                                  "-days 10 -batch",
                                  kinds[i]),
                        0);
        tls_read(text, "pem");
        tls_folder_end();
        expect(of(text), of(text), 0, 0);
    }
}

/* The same names do not make the same certificate. */
static void
an_impostor_is_refused_on_either_side(void)
{
    char ours[TLS_TEXT_BYTES], theirs[TLS_TEXT_BYTES];
    tls_make_lasting(ours, "cycos");
    tls_make_lasting(theirs, "cycos");
    expect(of(theirs), of(ours), CY_ECERT, CY_EREJECTED);
    tls_add(theirs, ours); /* now only the acceptor refuses */
    expect(of(theirs), of(ours), CY_EREJECTED, CY_ECERT);
}

static void
a_certificate_can_be_changed_step_by_step(void)
{
    char old[TLS_TEXT_BYTES], new[TLS_TEXT_BYTES], old_new[TLS_TEXT_BYTES];
    char new_old[TLS_TEXT_BYTES];
    const char *steps[] = {old, old_new, new_old, new};
    tls_make_lasting(old, "cycos");
    tls_make_lasting(new, "cycos");
    memcpy(old_new, old, sizeof old);
    tls_add(old_new, new);
    memcpy(new_old, new, sizeof new);
    tls_add(new_old, old);
    for (int i = 0; i < 3; i++) {
        expect(of(steps[i]), of(steps[i + 1]), 0, 0);
        expect(of(steps[i + 1]), of(steps[i]), 0, 0);
    }
    expect(of(old), of(new), CY_ECERT, CY_EREJECTED);
}

/* They were good when the node began. */
static void
dates_are_looked_at_when_nodes_meet(void)
{
    char late[TLS_TEXT_BYTES], early[TLS_TEXT_BYTES], good[TLS_TEXT_BYTES];
    const int64_t year = INT64_C(365) * 24 * 3600, today = now() / CY_SECOND;
    cy_time before = now() - 1000 * CY_SECOND, after = now() + (year + 10) * CY_SECOND;
    tls_make_lasting(good, "cycos");
    tls_make(late, "cycos", today - year, today - 10);
    tls_make(early, "cycos", today + year, today + 2 * year);
    tls_add(late, good);
    tls_add(early, good);
    tls_add(good, late);
    tls_add(good, early);
    expect(made_of(late, NULL, NULL, before), of(good), CY_EREJECTED, CY_EEXPIRED);
    expect(of(good), made_of(late, NULL, NULL, before), CY_EEXPIRED, CY_EREJECTED);
    expect(made_of(early, NULL, NULL, after), of(good), CY_EREJECTED, CY_EEARLY);
    expect(of(good), made_of(early, NULL, NULL, after), CY_EEARLY, CY_EREJECTED);
}

#define AUTHORITY "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"

/* What an authority signs; files of the test's folder. */
static void
sign(const char *name, const char *authority, bool is_authority)
{
    CU_ASSERT_EQUAL(
        tls_shell("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout %s.key "
                  "-nodes -out %s.csr -subj /CN=%s -batch && "
                  "printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n%s' "
                  ">%s.ext && "
                  "openssl x509 -req -in %s.csr -CA %s.pem -CAkey %s.key -CAcreateserial "
                  "-days 10 -extfile %s.ext -out %s.pem",
                  name, name, name, is_authority ? AUTHORITY : "", name, name, authority,
                  authority, name, name),
        0);
}

static void
make_authority(const char *name)
{
    CU_ASSERT_EQUAL(
        tls_shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout "
                  "%s.key -nodes -out %s.pem -subj /CN=%s -days 10 -batch",
                  name, name, name),
        0);
}

static struct cyi_tls_context *
signed_by(const char *name, const char *authorities)
{
    char certificate[TLS_TEXT_BYTES], key[TLS_TEXT_BYTES], ca[TLS_TEXT_BYTES], file[32];
    snprintf(file, sizeof file, "%s.pem", name);
    tls_read(certificate, file);
    snprintf(file, sizeof file, "%s.key", name);
    tls_read(key, file);
    tls_read(ca, authorities);
    return made_of(certificate, key, ca, now());
}

static void
an_authority_vouches_for_whom_it_has_signed(void)
{
    tls_folder_begin();
    make_authority("ca");
    make_authority("xx");
    sign("a", "ca", false);
    sign("b", "ca", false);
    expect(signed_by("a", "ca.pem"), signed_by("b", "ca.pem"), 0, 0);
    sign("b", "xx", false);
    expect(signed_by("a", "ca.pem"), signed_by("b", "ca.pem"), CY_ECERT, CY_EREJECTED);
    CU_ASSERT_EQUAL(tls_shell("cat ca.pem xx.pem >all"), 0);
    expect(signed_by("b", "all"), signed_by("a", "ca.pem"), CY_EREJECTED, CY_ECERT);
    expect(signed_by("a", "all"), signed_by("b", "all"), 0, 0);
    tls_folder_end();
}

/* In the certfile, behind our own: the one between us and the authority. */
static void
a_chain_leads_to_an_authority(void)
{
    tls_folder_begin();
    make_authority("ca");
    sign("mm", "ca", true);
    sign("a", "mm", false);
    CU_ASSERT_EQUAL(tls_shell("cp a.pem c.pem; cp a.key c.key; cat mm.pem >>a.pem"), 0);
    expect(signed_by("a", "ca.pem"), signed_by("a", "ca.pem"), 0, 0);
    expect(signed_by("c", "ca.pem"), signed_by("a", "ca.pem"), CY_EREJECTED, CY_ECERT);
    /* Who is no authority cannot make others. */
    sign("mm", "ca", false);
    sign("a", "mm", false);
    CU_ASSERT_EQUAL(tls_shell("cat mm.pem >>a.pem"), 0);
    expect(signed_by("a", "ca.pem"), signed_by("a", "ca.pem"), CY_ECERT, CY_EREJECTED);
    tls_folder_end();
}

/* Would a peer that has the same files accept us? */
static void
expect_own(struct cyi_tls_context *context, int verdict)
{
    CU_ASSERT_EQUAL(cyi_tls_context_own(context), verdict);
    cyi_tls_context_release(&context);
}

static void
our_own_certificate_is_judged_by_our_own_cafile(void)
{
    char text[TLS_TEXT_BYTES];
    tls_folder_begin();
    make_authority("ca");
    make_authority("xx");
    sign("mm", "ca", true);
    sign("a", "ca", false);
    sign("b", "xx", false);
    sign("c", "mm", false);
    expect_own(signed_by("a", "ca.pem"), 0);
    expect_own(signed_by("b", "ca.pem"), CY_ECERT);
    expect_own(signed_by("ca", "ca.pem"), 0);
    expect_own(signed_by("b", "b.pem"), 0); /* it is named itself */
    expect_own(signed_by("c", "ca.pem"), CY_ECERT);
    CU_ASSERT_EQUAL(tls_shell("cat mm.pem >>c.pem; cat ca.pem xx.pem >all"), 0);
    expect_own(signed_by("c", "ca.pem"), 0);
    expect_own(signed_by("b", "all"), 0);
    tls_make_lasting(text, "cycos");
    expect_own(made_of(text, NULL, NULL, now()), 0);
    tls_folder_end();
}

/* Without a cafile nobody is an authority, though the certificate may say that it is one. */
static void
what_our_own_key_has_signed_is_not_ours(void)
{
    char text[TLS_TEXT_BYTES], key[TLS_TEXT_BYTES];
    tls_folder_begin();
    make_authority("ca");
    sign("a", "ca", false);
    tls_read(text, "ca.pem");
    tls_read(key, "ca.key");
    expect(made_of(text, key, NULL, now()), signed_by("a", "ca.pem"), CY_ECERT, CY_EREJECTED);
    tls_folder_end();
}

/* Somebody else's TLS. */

static void
expect_of_openssl(const char *options, int result)
{
    char command[512], text[TLS_TEXT_BYTES];
    struct pair pair = {.client = command};
    struct cyi_tls_context *context = of(tls_specified());
    tls_folder_begin();
    tls_write("pem", tls_specified(), 0600);
    snprintf(command, sizeof command,
             "cd %s && timeout 20 openssl s_client -quiet -connect 127.0.0.1:%%u %s "
             "</dev/null 2>&1",
             tls_path("."), options);
    let_meet(&pair, NULL, context);
    CU_ASSERT_EQUAL(pair.acceptor.result, result);
    while (fgets(text, sizeof text, pair.output) != NULL)
        continue;
    (void) pclose(pair.output);
    cyi_tls_context_release(&context);
    tls_folder_end();
}

static int
greet(struct pair *pair, struct end *end)
{
    (void) pair;
    return cyi_tls_write_full(end->tls, end->socket, "hello\n", 6, cy_after(CY_SECOND));
}

static void
speaks_with_openssl(void)
{
    char command[512], text[64] = "";
    struct pair pair = {.client = command, .more = greet};
    struct cyi_tls_context *context = of(tls_specified());
    tls_folder_begin();
    tls_write("pem", tls_specified(), 0600);
    snprintf(command, sizeof command,
             "cd %s && timeout 20 openssl s_client -quiet -connect 127.0.0.1:%%u -alpn cycos/1 "
             "-cert pem -key pem -CAfile pem -verify_return_error </dev/null 2>/dev/null",
             tls_path("."));
    let_meet(&pair, NULL, context);
    CU_ASSERT_EQUAL(pair.acceptor.result, 0);
    CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof text, pair.output));
    CU_ASSERT_STRING_EQUAL(text, "hello\n");
    (void) pclose(pair.output);
    cyi_tls_context_release(&context);
    tls_folder_end();
}

/* What openssl does with a line: it takes one that begins with K as a command. */
static void
type(const struct pair *pair, const char *line)
{
    ssize_t size = (ssize_t) strlen(line);
    CY_CHECK_EQ(write(pair->keyboard, line, (size_t) size), size);
}

static bool
shows(const struct pair *pair, const char *line)
{
    char text[256];
    while (fgets(text, sizeof text, pair->output) != NULL) {
        if (strcmp(text, line) == 0)
            return true;
    }
    return false;
}

/* It wants new keys, and an answer to that; the answer goes out before what we say next. */
static int
change_keys(struct pair *pair, struct end *end)
{
    char text[6];
    cy_time deadline = cy_after(30 * CY_SECOND);
    int rc = 0;
    for (int i = 0; rc == 0 && i < 3; i++) {
        type(pair, "K\n");
        CY_CHECK(shows(pair, "KEYUPDATE\n"));
        type(pair, "hello\n");
        rc = cyi_tls_read_full(end->tls, end->socket, text, sizeof text, deadline);
        CY_CHECK(rc != 0 || memcmp(text, "hello\n", sizeof text) == 0);
        if (rc == 0)
            rc = cyi_tls_write_full(end->tls, end->socket, "answer\n", 7, deadline);
        CY_CHECK(rc != 0 || shows(pair, "answer\n"));
    }
    return rc;
}

static void
keys_may_change(void)
{
    char command[512];
    struct pair pair = {.client = command, .more = change_keys};
    struct cyi_tls_context *context = of(tls_specified());
    tls_folder_begin();
    tls_write("pem", tls_specified(), 0600);
    CU_ASSERT_EQUAL(mkfifo(tls_path("keyboard"), 0600), 0);
    pair.keyboard = open(tls_path("keyboard"), O_RDWR | O_CLOEXEC);
    snprintf(command, sizeof command,
             "cd %s && timeout 60 openssl s_client -connect 127.0.0.1:%%u -alpn cycos/1 "
             "-cert pem -key pem <keyboard 2>&1",
             tls_path("."));
    let_meet(&pair, NULL, context);
    CU_ASSERT_EQUAL(pair.acceptor.result, 0);
    close(pair.keyboard);
    while (fgetc(pair.output) != EOF)
        continue;
    (void) pclose(pair.output);
    cyi_tls_context_release(&context);
    tls_folder_end();
}

static void
a_dialer_without_a_certificate_is_refused(void)
{
    expect_of_openssl("-alpn cycos/1", CY_ENOCERT);
}

static void
older_versions_are_refused(void)
{
    expect_of_openssl("-alpn cycos/1 -tls1_2 -cert pem -key pem", -EPROTO);
    expect_of_openssl("-alpn cycos/1 -tls1_1 -cipher ALL:@SECLEVEL=0 -cert pem -key pem",
                      -EPROTO);
}

static void
who_means_something_else_is_refused(void)
{
    expect_of_openssl("-alpn h2 -cert pem -key pem", -EPROTO);
    expect_of_openssl("-cert pem -key pem", -EPROTO);
}

/* Bulk. */

static int
exchange_much(struct pair *pair, struct end *end)
{
    static uint8_t sent[BULK], got[BULK];
    static const size_t sizes[] = {1, 100, 16384, 16385, 49152, 49153, 65536, BULK};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof sizes / sizeof *sizes; i++) {
        cy_time deadline = cy_after(30 * CY_SECOND);
        memset(sent, (int) i + 1, sizes[i]);
        if (end == &pair->dialer)
            rc = cyi_tls_write_full(end->tls, end->socket, sent, sizes[i], deadline);
        else
            rc = cyi_tls_read_full(end->tls, end->socket, got, sizes[i], deadline);
        if (end == &pair->acceptor)
            CY_CHECK_EQ(memcmp(sent, got, sizes[i]), 0);
    }
    return rc;
}

static void
carries_sizes_around_those_of_records(void)
{
    char text[TLS_TEXT_BYTES];
    struct pair pair = {.more = exchange_much};
    tls_make_lasting(text, "cycos");
    struct cyi_tls_context *context = of(text);
    let_meet(&pair, context, context);
    CU_ASSERT_EQUAL(pair.dialer.result, 0);
    CU_ASSERT_EQUAL(pair.acceptor.result, 0);
    cyi_tls_context_release(&context);
}

CY_TEST_MAIN("transport.tls", CY_TEST(nodes_with_the_file_of_the_specification_meet),
             CY_TEST(nodes_with_our_own_file_meet), CY_TEST(nodes_with_other_keys_meet),
             CY_TEST(an_impostor_is_refused_on_either_side),
             CY_TEST(a_certificate_can_be_changed_step_by_step),
             CY_TEST(dates_are_looked_at_when_nodes_meet),
             CY_TEST(an_authority_vouches_for_whom_it_has_signed),
             CY_TEST(a_chain_leads_to_an_authority),
             CY_TEST(our_own_certificate_is_judged_by_our_own_cafile),
             CY_TEST(what_our_own_key_has_signed_is_not_ours), CY_TEST(speaks_with_openssl),
             CY_TEST(keys_may_change), CY_TEST(a_dialer_without_a_certificate_is_refused),
             CY_TEST(older_versions_are_refused), CY_TEST(who_means_something_else_is_refused),
             CY_TEST(carries_sizes_around_those_of_records))
