/* request.c - calls, their cancelling and their answers, as deterministic CBOR. */
#include "request.h"

enum { ANSWER_BYTES = CY_ARGS_ERROR_MAX + 8 }; /* of a text; a reference takes 39 */

static void
put_values(cy_value_writer *w, const cy_args *args, bool named)
{
    for (uint32_t i = 0; i < args->count; i++) {
        struct cyi_piece value = cyi_args_value(args, i);
        if ((args->name_bytes[i] != 0) != named)
            continue;
        if (named) {
            struct cyi_piece name = cyi_args_name(args, i);
            cy_value_put_encoded(w, name.bytes, name.size);
        }
        cy_value_put_encoded(w, value.bytes, value.size);
    }
}

int
cyi_rti_request_make(cy_msg **out, const cy_args *args, uint64_t number, bool keep)
{
    cy_value_writer w;
    uint32_t named = 0, count = args == NULL ? 0 : args->count;
    int rc = args == NULL ? 0 : cyi_args_settle(args);
    if (rc != 0)
        return rc;
    for (uint32_t i = 0; i < count; i++)
        named += args->name_bytes[i] != 0;
    cy_value_writer_init_msg(&w, CYI_RTI_CALL);
    cy_value_put_list(&w, 4);
    cy_value_put_uint(&w, number);
    cy_value_put_uint(&w, keep ? CYI_RTI_KEEP : 0);
    cy_value_put_list(&w, count - named);
    if (count != 0)
        put_values(&w, args, false);
    cy_value_put_map(&w, named);
    if (count != 0)
        put_values(&w, args, true);
    return cy_value_finish_msg(&w, out);
}

/* Are the keys names, and not too many? */
static bool
are_names(cy_value_reader map)
{
    const char *name;
    size_t size;
    if (map.left > (size_t) 2 * CY_ARGS_MAX)
        return false;
    while (map.left > 0) {
        if (cy_value_get_text(&map, &name, &size) != 0 || size == 0 ||
            size > CY_ARGS_NAME_MAX || cy_value_skip(&map) != 0)
            return false;
    }
    return true;
}

int
cyi_rti_request_read(struct cyi_rti_request *out, const void *body, size_t size)
{
    cy_value_reader r, parts, positional, named;
    uint64_t number, flags;
    int rc = cy_value_reader_init(&r, body, size);
    if (rc != 0)
        return rc;
    if (cy_value_get_list(&r, &parts) != 0 || parts.left != 4 ||
        cy_value_get_uint(&parts, &number) != 0 || cy_value_get_uint(&parts, &flags) != 0 ||
        cy_value_get_list(&parts, &positional) != 0 || cy_value_get_map(&parts, &named) != 0)
        return -EBADMSG;
    if (flags > CYI_RTI_KEEP || positional.left > CY_ARGS_MAX || !are_names(named))
        return -EBADMSG;
    out->number = number;
    out->keep = flags == CYI_RTI_KEEP;
    cyi_args_reader_init(&out->args, positional, named);
    return 0;
}

int
cyi_rti_cancel_make(cy_msg **out, uint64_t number)
{
    cy_value_writer w;
    cy_value_writer_init_msg(&w, CYI_RTI_CANCEL);
    cy_value_put_uint(&w, number);
    return cy_value_finish_msg(&w, out);
}

int
cyi_rti_cancel_read(uint64_t *number, const void *body, size_t size)
{
    cy_value_reader r;
    int rc = cy_value_reader_init(&r, body, size);
    if (rc != 0)
        return rc;
    return cy_value_get_uint(&r, number) == 0 ? 0 : -EBADMSG;
}

int
cyi_rti_answer_make(cy_msg **out)
{
    return cy_msg_create(out, CYI_RTI_ANSWER, ANSWER_BYTES);
}

static void
finish(cy_value_writer *w, cy_msg *answer)
{
    size_t size = 0;
    int rc = cy_value_finish(w, &size);
    CY_ASSERT(rc == 0); /* it was made so large, and the text is UTF-8 as it came */
    cy_msg_truncate(answer, size);
}

void
cyi_rti_accept(cy_msg *answer, cy_ref task)
{
    cy_value_writer w;
    cy_value_writer_init(&w, cy_msg_body(answer), cy_msg_size(answer));
    cy_value_put_ref(&w, task);
    finish(&w, answer);
}

void
cyi_rti_refuse(cy_msg *answer, const char *why)
{
    cy_value_writer w;
    cy_value_writer_init(&w, cy_msg_body(answer), cy_msg_size(answer));
    cy_value_put_text(&w, why);
    finish(&w, answer);
}

int
cyi_rti_answer_read(cy_ref *task, cy_args *args, const void *body, size_t size, uint32_t node)
{
    cy_value_reader r;
    cy_ref ref;
    const char *text;
    size_t length;
    if (cy_value_reader_init(&r, body, size) != 0)
        return CY_EFRAME;
    if (cy_value_get_text(&r, &text, &length) == 0) {
        if (args != NULL)
            cyi_args_blame(args, text, length);
        return -EINVAL;
    }
    if (cy_value_get_ref(&r, &ref) != 0 || ref.node != node || cy_ref_kind(ref) != CY_KIND_TASK)
        return CY_EFRAME;
    *task = ref;
    return 0;
}
