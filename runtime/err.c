/* err.c - result codes in words. */
#include <cycos/err.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

/* glibc's own tables (since 2.32): constants, so no buffer, no lock, no locale. */
const char *
cy_strerror(int code)
{
    if (code >= 0)
        return "Success";
    switch (code) {
    case CY_ENOPEER:
        return "No such node, or its link is down";
    case CY_ENOMETHOD:
        return "No such remote method";
    case CY_EAUTH:
        return "Secret or certificate rejected";
    case CY_EFRAME:
        return "Malformed frame";
    default:
        break;
    }
    const char *text = code > INT_MIN ? strerrordesc_np(-code) : NULL;
    return text != NULL ? text : "Unknown error";
}

const char *
cy_errname(int code)
{
    if (code >= 0)
        return "OK";
    switch (code) {
    case CY_ENOPEER:
        return "CY_ENOPEER";
    case CY_ENOMETHOD:
        return "CY_ENOMETHOD";
    case CY_EAUTH:
        return "CY_EAUTH";
    case CY_EFRAME:
        return "CY_EFRAME";
    default:
        break;
    }
    const char *name = code > INT_MIN ? strerrorname_np(-code) : NULL;
    return name != NULL ? name : "E?";
}
