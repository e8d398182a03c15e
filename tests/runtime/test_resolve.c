#include "loopback.h"
#include <arpa/inet.h>
#include <cycos/impl/node.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>

/* What the library answers instead of looking; 0: it looks. */
static atomic_int answer;

int
getaddrinfo(const char *restrict host, const char *restrict service,
            const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &symbol, sizeof real);
    errno = EMFILE;
    return answer != 0 ? answer : real(host, service, hints, list);
}

static int
resolve_numbers(void *arg)
{
    cy_address address;
    (void) arg;
    CHECK(cy_address_resolve(&address, "10.1.2.3", 80, CY_NOW) == 0);
    CHECK(address.u.any.sa_family == AF_INET && address.u.v4.sin_port == htons(80));
    CHECK(cy_address_resolve(&address, "2001:db8::1", 81, CY_NOW) == 0);
    CHECK(address.u.any.sa_family == AF_INET6 && address.u.v6.sin6_port == htons(81));
    CHECK(cyi_self->node->pool == NULL);
    return 0;
}

static void
numeric_addresses_need_no_thread(void)
{
    run(resolve_numbers);
}

/* A bare system has no /etc/hosts: then we must not find what the C library does not. */
static bool localhost_known;

static void
ask_the_library(void)
{
    struct addrinfo *found = NULL;
    localhost_known = getaddrinfo("localhost", NULL, NULL, &found) == 0;
    if (localhost_known)
        freeaddrinfo(found);
}

static int
resolve_localhost(void *arg)
{
    cy_address address;
    char text[CY_ADDRESS_TEXT_MAX];
    (void) arg;
    CHECK((cy_address_resolve(&address, "localhost", 4711, SOON) == 0) == localhost_known);
    if (!localhost_known)
        return 0;
    cy_address_format(text, sizeof text, &address);
    CHECK(strcmp(text, "127.0.0.1:4711") == 0 || strcmp(text, "[::1]:4711") == 0);
    return 0;
}

static void
localhost_is_found_with_the_port(void)
{
    ask_the_library();
    run(resolve_localhost);
}

static int
resolve_nonsense(void *arg)
{
    char name[257];
    cy_address address, before;
    (void) arg;
    memset(&address, 0x5a, sizeof address);
    before = address;
    memset(name, 'a', sizeof name);
    name[256] = '\0'; /* one byte more than a name may have */
    CHECK(cy_address_resolve(&address, name, 1, SOON) == -ENOENT);
    CHECK(cy_address_resolve(&address, "", 1, SOON) == -ENOENT);
    CHECK(cyi_self->node->pool == NULL);
    name[255] = '\0'; /* short enough for us; the library refuses such a label by itself */
    int r = cy_address_resolve(&address, name, 1, SOON);
    CHECK(r == -ENOENT || r == -EIO || r == -EAGAIN);
    CHECK(memcmp(&address.u.v6, &before.u.v6, sizeof address.u.v6) == 0);
    return 0;
}

static void
what_can_be_no_name_is_not_found(void)
{
    run(resolve_nonsense);
}

static int
resolve_in_vain(void *arg)
{
    static const struct {
        int answer, code;
    } cases[] = {{EAI_NONAME, -ENOENT}, {EAI_AGAIN, -EAGAIN},  {EAI_FAIL, -EIO},
                 {EAI_MEMORY, -ENOMEM}, {EAI_SYSTEM, -EMFILE}, {EAI_FAMILY, -ENOENT}};
    cy_address address;
    (void) arg;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        answer = cases[i].answer;
        CHECK(cy_address_resolve(&address, "some.name", 1, SOON) == cases[i].code);
    }
    answer = 0;
    return 0;
}

static void
each_answer_of_the_library_is_told_apart(void)
{
    run(resolve_in_vain);
}

static int
resolve_and_leave(void *deadline)
{
    cy_address address;
    return cy_address_resolve(&address, "localhost", 1, *(cy_time *) deadline);
}

static int
leave_early(void *arg)
{
    cy_time now = CY_NOW, forever = CY_FOREVER;
    cy_ref task;
    (void) arg;
    CHECK(resolve_and_leave(&now) == -ETIMEDOUT);
    CHECK(cy_task_spawn(&task, resolve_and_leave, &forever, &joinable) == 0);
    CHECK(cy_yield() == 0);
    CHECK(cy_terminate(task) == 0);
    int code = join_code(task);
    CHECK(code == -ECANCELED || (code == 0) == localhost_known); /* it was there first */
    CHECK((resolve_and_leave(&forever) == 0) == localhost_known);
    CHECK(resolve_and_leave(&now) == -ETIMEDOUT); /* the node ends before the answer */
    return 0;
}

static void
who_leaves_before_the_answer_leaves_nothing_behind(void)
{
    ask_the_library();
    run(leave_early);
}

CY_TEST_MAIN("runtime.resolve", CY_TEST(numeric_addresses_need_no_thread),
             CY_TEST(localhost_is_found_with_the_port),
             CY_TEST(what_can_be_no_name_is_not_found),
             CY_TEST(each_answer_of_the_library_is_told_apart),
             CY_TEST(who_leaves_before_the_answer_leaves_nothing_behind))
