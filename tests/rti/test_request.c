#include "cy_node.h"
#include "request.h"
#include <string.h>

static const cy_ref task = {.node = 7, .slot = 1U << 28 | 3, .generation = 2};

static bool
body_is(const cy_msg *msg, const char *hex)
{
    const uint8_t *body = cy_msg_body(msg);
    char text[512] = "";
    for (size_t i = 0; i < cy_msg_size(msg); i++)
        snprintf(text + 2 * i, 3, "%02x", body[i]);
    return strcmp(text, hex) == 0;
}

static int
round_trip(void *arg)
{
    struct cyi_rti_request request;
    int64_t a = 0, b = 0, c = 0;
    cy_msg *msg = NULL;
    cy_args args;
    (void) arg;
    cy_args_init(&args);
    cy_args_put_int(&args, "c", 3);
    cy_args_put_int(&args, NULL, 1);
    cy_args_put_int(&args, "b", 2);
    CY_CHECK_EQ(cyi_rti_request_make(&msg, &args, 300, true), 0);
    CY_CHECK(body_is(msg, "8419012c018101a2616202616303"));
    CY_CHECK_EQ(cy_msg_tag(msg), CYI_RTI_CALL);
    CY_CHECK_EQ(cyi_rti_request_read(&request, cy_msg_body(msg), cy_msg_size(msg)), 0);
    CY_CHECK_EQ(request.number, 300);
    CY_CHECK(request.keep);
    cy_args_get_int(&request.args, "a", &a);
    cy_args_get_int(&request.args, "b", &b);
    cy_args_get_int(&request.args, "c", &c);
    CY_CHECK_EQ(cy_args_end(&request.args), 0);
    CY_CHECK(a == 1 && b == 2 && c == 3);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cyi_rti_request_make(&msg, &args, 0, false), 0); /* again */
    CY_CHECK_EQ(cyi_rti_request_read(&request, cy_msg_body(msg), cy_msg_size(msg)), 0);
    CY_CHECK(!request.keep);
    cy_msg_free(&msg);
    cy_args_put_int(&args, "b", 2);
    CY_CHECK_EQ(cyi_rti_request_make(&msg, &args, 1, true), -EEXIST);
    cy_args_put_text(&args, NULL, "\xff");
    CY_CHECK_EQ(cyi_rti_request_make(&msg, &args, 1, true), -EILSEQ);
    CY_CHECK(msg == NULL);
    cy_args_fini(&args);
    CY_CHECK_EQ(cyi_rti_request_make(&msg, NULL, 1, true), 0);
    CY_CHECK(body_is(msg, "84010180a0"));
    CY_CHECK_EQ(cyi_rti_request_read(&request, cy_msg_body(msg), cy_msg_size(msg)), 0);
    CY_CHECK_EQ(cy_args_end(&request.args), 0);
    cy_msg_free(&msg);
    return 0;
}

static void
a_call_comes_as_it_was_made(void)
{
    cy_node_run(1, round_trip, NULL);
}

static int
deepest(void *arg)
{
    struct cyi_rti_request request;
    cy_value_reader value;
    cy_msg *msg;
    cy_args args;
    (void) arg;
    cy_args_init(&args);
    for (int n = 0; n < 2; n++) {
        cy_value_writer *w = cy_args_next(&args, n == 0 ? NULL : "deep");
        for (int i = 0; i < CY_VALUE_DEPTH_MAX - 2; i++)
            cy_value_put_list(w, 1);
        cy_value_put_int(w, 1);
    }
    CY_CHECK_EQ(cyi_rti_request_make(&msg, &args, 1, true), 0);
    CY_CHECK_EQ(cyi_rti_request_read(&request, cy_msg_body(msg), cy_msg_size(msg)), 0);
    cy_args_get_value(&request.args, "first", &value);
    cy_args_get_value(&request.args, "deep", &value);
    CY_CHECK_EQ(cy_args_end(&request.args), 0);
    cy_msg_free(&msg);
    cy_args_fini(&args);
    return 0;
}

static void
the_deepest_value_fits(void)
{
    cy_node_run(1, deepest, NULL);
}

static size_t
from_hex(uint8_t *out, const char *hex)
{
    size_t n = 0;
    for (unsigned byte; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
        out[n] = (uint8_t) byte;
    return n;
}

static int
read_hex(const char *hex)
{
    struct cyi_rti_request request;
    uint8_t body[256];
    cy_msg *msg;
    CY_CHECK_EQ(cy_msg_copy(&msg, CYI_RTI_CALL, body, from_hex(body, hex)), 0);
    int rc = cyi_rti_request_read(&request, cy_msg_body(msg), cy_msg_size(msg));
    cy_msg_free(&msg);
    return rc;
}

static int
malformed(void *arg)
{
    static const char *const bad[] = {
        "",
        "01",               /* no list */
        "83010180",         /* too short */
        "85010180a000",     /* too long */
        "84200180a0",       /* a negative number */
        "8401f580a0",       /* no flags */
        "84010280a0",       /* unknown flags */
        "840101a0a0",       /* no list of values */
        "8401018080",       /* no map of names */
        "84010180a1006161", /* a name that is none */
        "84010180a16001",   /* an empty one */
        "84010180a2616101", /* cut off */
        "84010180a0ff",     /* more behind it */
    };
    (void) arg;
    CY_CHECK_EQ(read_hex("84010180a0"), 0);
    CY_CHECK_EQ(read_hex("84010080a1616101"), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CY_CHECK_EQ(read_hex(bad[i]), -EBADMSG);
    CY_CHECK_EQ(read_hex("84010180f7"), -EOPNOTSUPP);
    return 0;
}

static void
malformed_calls_are_refused(void)
{
    cy_node_run(1, malformed, NULL);
}

static int
with_counts(size_t positional, size_t named, size_t name_bytes)
{
    struct cyi_rti_request request;
    cy_value_writer w;
    cy_msg *msg;
    cy_value_writer_init_msg(&w, CYI_RTI_CALL);
    cy_value_put_list(&w, 4);
    cy_value_put_uint(&w, 1);
    cy_value_put_uint(&w, 1);
    cy_value_put_list(&w, positional);
    for (size_t i = 0; i < positional; i++)
        cy_value_put_nil(&w);
    cy_value_put_map(&w, named);
    for (size_t i = 0; i < named; i++) {
        char name[128];
        snprintf(name, sizeof name, "%0*zu", (int) name_bytes, i);
        cy_value_put_text(&w, name);
        cy_value_put_nil(&w);
    }
    CY_CHECK_EQ(cy_value_finish_msg(&w, &msg), 0);
    int rc = cyi_rti_request_read(&request, cy_msg_body(msg), cy_msg_size(msg));
    cy_msg_free(&msg);
    return rc;
}

static int
counts(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(with_counts(CY_ARGS_MAX, CY_ARGS_MAX, CY_ARGS_NAME_MAX), 0);
    CY_CHECK_EQ(with_counts(CY_ARGS_MAX + 1, 0, 1), -EBADMSG);
    CY_CHECK_EQ(with_counts(0, CY_ARGS_MAX + 1, 2), -EBADMSG);
    CY_CHECK_EQ(with_counts(0, 1, CY_ARGS_NAME_MAX + 1), -EBADMSG);
    return 0;
}

static void
what_comes_is_bounded_too(void)
{
    cy_node_run(1, counts, NULL);
}

static int
cancels(void *arg)
{
    uint64_t number = 0;
    cy_msg *msg;
    (void) arg;
    CY_CHECK_EQ(cyi_rti_cancel_make(&msg, UINT64_MAX), 0);
    CY_CHECK_EQ(cyi_rti_cancel_read(&number, cy_msg_body(msg), cy_msg_size(msg)), 0);
    CY_CHECK(number == UINT64_MAX);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_msg_copy(&msg, CYI_RTI_CANCEL, "\x20", 1), 0);
    CY_CHECK_EQ(cyi_rti_cancel_read(&number, cy_msg_body(msg), cy_msg_size(msg)), -EBADMSG);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_msg_copy(&msg, CYI_RTI_CANCEL, "", 0), 0);
    CY_CHECK_EQ(cyi_rti_cancel_read(&number, cy_msg_body(msg), cy_msg_size(msg)), -EBADMSG);
    cy_msg_free(&msg);
    return 0;
}

static void
a_cancel_names_its_call(void)
{
    cy_node_run(1, cancels, NULL);
}

static int
read_answer(cy_ref *out, cy_args *args, const cy_msg *msg)
{
    return cyi_rti_answer_read(out, args, cy_msg_body(msg), cy_msg_size(msg), task.node);
}

static int
answer_with(cy_ref ref)
{
    cy_ref out = CY_NOBODY;
    cy_msg *msg;
    CY_CHECK_EQ(cyi_rti_answer_make(&msg), 0);
    cyi_rti_accept(msg, ref);
    int rc = read_answer(&out, NULL, msg);
    CY_CHECK(cy_ref_equal(out, rc == 0 ? ref : CY_NOBODY));
    cy_msg_free(&msg);
    return rc;
}

static int
answers(void *arg)
{
    char longest[CY_ARGS_ERROR_MAX];
    cy_ref other = task, out = CY_NOBODY;
    cy_msg *msg;
    cy_args args;
    (void) arg;
    CY_CHECK_EQ(answer_with(task), 0);
    other.node++;
    CY_CHECK_EQ(answer_with(other), CY_EFRAME);
    other = task;
    other.slot = (uint32_t) CY_KIND_CHANNEL << 28;
    CY_CHECK_EQ(answer_with(other), CY_EFRAME);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    cy_args_init(&args);
    CY_CHECK_EQ(cyi_rti_answer_make(&msg), 0);
    cyi_rti_refuse(msg, longest);
    CY_CHECK_EQ(read_answer(&out, &args, msg), -EINVAL);
    CY_CHECK_EQ(strcmp(cy_args_error(&args), longest), 0);
    CY_CHECK_EQ(read_answer(&out, NULL, msg), -EINVAL);
    cy_msg_free(&msg);
    cy_args_fini(&args);
    CY_CHECK_EQ(cy_msg_copy(&msg, CYI_RTI_ANSWER, "\x01", 1), 0);
    CY_CHECK_EQ(read_answer(&out, NULL, msg), CY_EFRAME);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_msg_copy(&msg, CYI_RTI_ANSWER, "\xff", 1), 0);
    CY_CHECK_EQ(read_answer(&out, NULL, msg), CY_EFRAME);
    cy_msg_free(&msg);
    return 0;
}

static void
an_answer_is_a_task_of_that_node_or_a_text(void)
{
    cy_node_run(1, answers, NULL);
}

CY_TEST_MAIN("rti.request", CY_TEST(a_call_comes_as_it_was_made),
             CY_TEST(the_deepest_value_fits), CY_TEST(malformed_calls_are_refused),
             CY_TEST(what_comes_is_bounded_too), CY_TEST(a_cancel_names_its_call),
             CY_TEST(an_answer_is_a_task_of_that_node_or_a_text))
