/*
 * talk.c - what senders and a server of this program tell each other.
 * Tests: tests/load/test_serve_name.c
 */
#include "talk.h"

#include <errno.h>
#include <stdio.h>

int
load_books_name(char out[CY_NAME_MAX + 1], const char *name)
{
    int length = snprintf(out, CY_NAME_MAX + 1, "%s" LOAD_BOOKS_SUFFIX, name);
    return length > CY_NAME_MAX ? -ENAMETOOLONG : 0;
}
