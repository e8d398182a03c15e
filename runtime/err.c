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
    case CY_EVERSION:
        return "Peer speaks another version";
    case CY_EOPEN:
        return "Peer has no secret";
    case CY_ESECRET:
        return "Peer wants a secret";
    case CY_ESELF:
        return "Peer is this node itself";
    case CY_ECERT:
        return "Peer's certificate is not accepted here";
    case CY_EREJECTED:
        return "Peer does not accept this node's certificate";
    case CY_ENOCERT:
        return "No certificate";
    case CY_EEXPIRED:
        return "Certificate has expired";
    case CY_EEARLY:
        return "Certificate is not valid yet";
    case CY_EPLAIN:
        return "Peer does not use TLS";
    case CY_ETLS:
        return "Peer uses TLS, this node does not";
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
    case CY_EVERSION:
        return "CY_EVERSION";
    case CY_EOPEN:
        return "CY_EOPEN";
    case CY_ESECRET:
        return "CY_ESECRET";
    case CY_ESELF:
        return "CY_ESELF";
    case CY_ECERT:
        return "CY_ECERT";
    case CY_EREJECTED:
        return "CY_EREJECTED";
    case CY_ENOCERT:
        return "CY_ENOCERT";
    case CY_EEXPIRED:
        return "CY_EEXPIRED";
    case CY_EEARLY:
        return "CY_EEARLY";
    case CY_EPLAIN:
        return "CY_EPLAIN";
    case CY_ETLS:
        return "CY_ETLS";
    default:
        break;
    }
    const char *name = code > INT_MIN ? strerrorname_np(-code) : NULL;
    return name != NULL ? name : "E?";
}
