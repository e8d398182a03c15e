/* given.c - arguments as a method gets them. */
#include "given.h"

#include "cy_test.h"

static void
put(cy_value_writer *w, const cy_args *args, bool named)
{
    for (uint32_t i = 0; i < args->count; i++) {
        struct cyi_piece name = cyi_args_name(args, i), value = cyi_args_value(args, i);
        if ((name.size != 0) != named)
            continue;
        if (named)
            cy_value_put_encoded(w, name.bytes, name.size);
        cy_value_put_encoded(w, value.bytes, value.size);
    }
}

void
given_read(struct given *given, cy_args *args, cy_args_reader *reader)
{
    cy_value_reader whole, list, map;
    cy_value_writer w;
    size_t size = 0, named = 0;
    CY_OK(cyi_args_settle(args));
    for (uint32_t i = 0; i < args->count; i++)
        named += args->name_bytes[i] != 0;
    cy_value_writer_init(&w, given->positional, GIVEN_BYTES);
    cy_value_put_list(&w, args->count - named);
    put(&w, args, false);
    CY_OK(cy_value_finish(&w, &size));
    CY_OK(cy_value_reader_init(&whole, given->positional, size));
    CY_OK(cy_value_get_list(&whole, &list));
    cy_value_writer_init(&w, given->named, GIVEN_BYTES);
    cy_value_put_map(&w, named);
    put(&w, args, true);
    CY_OK(cy_value_finish(&w, &size));
    CY_OK(cy_value_reader_init(&whole, given->named, size));
    CY_OK(cy_value_get_map(&whole, &map));
    cyi_args_reader_init(reader, list, map);
    cy_args_fini(args);
}
