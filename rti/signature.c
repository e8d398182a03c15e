/* signature.c - "whom:text times:int? ...": parsed once, held against each call. */
#include "signature.h"
#include <stdlib.h>
#include <string.h>

typedef void cyi_try_fn(cy_args_reader *args, const char *name);

struct parameter {
    char name[CY_ARGS_NAME_MAX + 1];
    cyi_try_fn *try;
    bool optional;
};

struct cyi_signature {
    uint32_t count;
    bool others; /* "..." */
    struct parameter parameters[CY_ARGS_MAX];
};

static void
try_any(cy_args_reader *args, const char *name)
{
    cy_value_reader ignored;
    cy_args_get_value(args, name, &ignored);
}

static void
try_bool(cy_args_reader *args, const char *name)
{
    bool ignored;
    cy_args_get_bool(args, name, &ignored);
}

static void
try_bytes(cy_args_reader *args, const char *name)
{
    const void *ignored;
    size_t size;
    cy_args_get_bytes(args, name, &ignored, &size);
}

static void
try_double(cy_args_reader *args, const char *name)
{
    double ignored;
    cy_args_get_double(args, name, &ignored);
}

static void
try_int(cy_args_reader *args, const char *name)
{
    int64_t ignored;
    cy_args_get_int(args, name, &ignored);
}

static void
try_list(cy_args_reader *args, const char *name)
{
    cy_value_reader ignored;
    cy_args_get_list(args, name, &ignored);
}

static void
try_map(cy_args_reader *args, const char *name)
{
    cy_value_reader ignored;
    cy_args_get_map(args, name, &ignored);
}

static void
try_ref(cy_args_reader *args, const char *name)
{
    cy_ref ignored;
    cy_args_get_ref(args, name, &ignored);
}

static void
try_text(cy_args_reader *args, const char *name)
{
    const char *ignored;
    size_t size;
    cy_args_get_text(args, name, &ignored, &size);
}

static void
try_uint(cy_args_reader *args, const char *name)
{
    uint64_t ignored;
    cy_args_get_uint(args, name, &ignored);
}

static cyi_try_fn *
try_of(const char *type, size_t size)
{
    static const struct {
        const char *name;
        cyi_try_fn *try;
    } types[] = {{"any", try_any},       {"bool", try_bool}, {"bytes", try_bytes},
                 {"double", try_double}, {"int", try_int},   {"list", try_list},
                 {"map", try_map},       {"ref", try_ref},   {"text", try_text},
                 {"uint", try_uint}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strlen(types[i].name) == size && memcmp(types[i].name, type, size) == 0)
            return types[i].try;
    }
    return NULL;
}

/* A word of the text: name:type, name:type? */
static int
add(struct cyi_signature *signature, const char *word, size_t size)
{
    const char *colon = memchr(word, ':', size);
    size_t name = colon == NULL ? 0 : (size_t) (colon - word);
    bool optional = word[size - 1] == '?';
    if (signature->count == CY_ARGS_MAX)
        return -E2BIG;
    if (name == 0)
        return -EINVAL;
    if (name > CY_ARGS_NAME_MAX)
        return -ENAMETOOLONG;
    struct parameter *parameter = &signature->parameters[signature->count];
    parameter->try = try_of(colon + 1, size - name - 1 - optional);
    if (parameter->try == NULL)
        return -EINVAL;
    memcpy(parameter->name, word, name);
    parameter->optional = optional;
    for (uint32_t i = 0; i < signature->count; i++) {
        if (strcmp(signature->parameters[i].name, parameter->name) == 0 ||
            (signature->parameters[i].optional && !optional))
            return -EINVAL;
    }
    signature->count++;
    return 0;
}

static int
parse(struct cyi_signature *signature, const char *text)
{
    int rc = 0;
    for (text += strspn(text, " "); rc == 0 && *text != '\0'; text += strspn(text, " ")) {
        size_t size = strcspn(text, " ");
        if (signature->others)
            return -EINVAL; /* "..." comes last */
        if (size == 3 && memcmp(text, "...", size) == 0)
            signature->others = true;
        else
            rc = add(signature, text, size);
        text += size;
    }
    return rc;
}

/* Names may stand in answers, which must be UTF-8. */
static bool
is_utf8(const char *text)
{
    cy_value_writer w;
    cy_value_writer_init(&w, NULL, 0);
    cy_value_put_text(&w, text);
    return w.error != -EILSEQ;
}

int
cyi_signature_create(struct cyi_signature **out, const char *text)
{
    if (!is_utf8(text))
        return -EILSEQ;
    struct cyi_signature *signature = calloc(1, sizeof *signature);
    if (signature == NULL)
        return -ENOMEM;
    int rc = parse(signature, text);
    if (rc != 0)
        cyi_signature_free(&signature);
    else
        *out = signature;
    return rc;
}

void
cyi_signature_free(struct cyi_signature **signature)
{
    free(*signature);
    *signature = NULL;
}

int
cyi_signature_check(const struct cyi_signature *signature, cy_args_reader *args)
{
    for (uint32_t i = 0; i < signature->count; i++) {
        const struct parameter *parameter = &signature->parameters[i];
        if (parameter->optional)
            cy_args_optional(args);
        parameter->try(args, parameter->name);
    }
    if (signature->others)
        cy_args_rest(args, NULL, NULL);
    return cy_args_end(args);
}
