/*
 * fuzz_args.c - a call that is accepted is what we would write; its arguments can be read in
 * any way, and what is wrong with them is said in text that may be sent. So for answers.
 */
#include "fuzz.h"
#include "request.h"
#include "signature.h"
#include <string.h>

static uint8_t again[1 << 16];

static void
put_all(cy_value_writer *w, cy_value_reader values)
{
    const void *bytes;
    size_t size;
    while (cy_value_get_encoded(&values, &bytes, &size) == 0)
        cy_value_put_encoded(w, bytes, size);
}

static void
check_same(const struct cyi_rti_request *request, const uint8_t *data, size_t size)
{
    cy_value_writer w;
    size_t written = 0;
    cy_value_writer_init(&w, again, sizeof again);
    cy_value_put_list(&w, 4);
    cy_value_put_uint(&w, request->number);
    cy_value_put_uint(&w, request->keep ? CYI_RTI_KEEP : 0);
    cy_value_put_list(&w, request->args.positional.left);
    put_all(&w, request->args.positional);
    cy_value_put_map(&w, request->args.named.left / 2);
    put_all(&w, request->args.named);
    int rc = cy_value_finish(&w, &written);
    CY_ASSERT(rc == 0 && written == size && memcmp(again, data, size) == 0);
}

/* Wrong or right: the text can stand in an answer. */
static void
check_end(cy_args_reader *args)
{
    cy_value_writer w;
    int rc = cy_args_end(args);
    const char *why = cy_args_reader_error(args);
    CY_ASSERT(rc == 0 || rc == -EINVAL);
    CY_ASSERT((rc == 0) == (why[0] == '\0'));
    CY_ASSERT(strlen(why) < CY_ARGS_ERROR_MAX);
    cy_value_writer_init(&w, NULL, 0);
    cy_value_put_text(&w, why);
    CY_ASSERT(w.error == 0);
}

static void
check_signatures(const cy_args_reader *args)
{
    static const char *const texts[] = {
        "",
        "...",
        "a:int",
        "a:text b:uint? c:bytes?",
        "a:any b:any? c:any? d:any? ...",
        "a:double b:bool c:ref d:list e:map",
        "e:map? d:list? c:ref? b:bool? a:double? ...",
    };
    static struct cyi_signature *signatures[sizeof texts / sizeof texts[0]];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cy_args_reader copy = *args;
        if (signatures[i] == NULL && cyi_signature_create(&signatures[i], texts[i]) != 0)
            return;
        (void) !cyi_signature_check(signatures[i], &copy);
        check_end(&copy);
    }
}

/* The rest is all that was not asked for. */
static void
check_rest(cy_args_reader args)
{
    cy_value_reader value, positional, named;
    size_t count = args.positional.left;
    cy_args_optional(&args);
    cy_args_get_value(&args, "a", &value);
    cy_args_rest(&args, &positional, &named);
    CY_ASSERT(positional.left == count || positional.left + 1 == count);
    CY_ASSERT(named.left == args.named.left);
    check_end(&args);
}

static void
check_answer(const uint8_t *data, size_t size)
{
    cy_args args;
    cy_ref task = CY_NOBODY;
    uint64_t number;
    cy_args_init(&args);
    int rc = cyi_rti_answer_read(&task, &args, data, size, 1);
    CY_ASSERT(rc == 0 || rc == -EINVAL || rc == CY_EFRAME);
    CY_ASSERT((rc == 0) == (cy_ref_kind(task) == CY_KIND_TASK && task.node == 1));
    CY_ASSERT(rc == -EINVAL || cy_args_error(&args)[0] == '\0');
    cy_args_fini(&args);
    (void) !cyi_rti_cancel_read(&number, data, size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cyi_rti_request request;
    check_answer(data, size);
    if (size > sizeof again || cyi_rti_request_read(&request, data, size) != 0)
        return 0;
    check_same(&request, data, size);
    check_signatures(&request.args);
    check_rest(request.args);
    return 0;
}
