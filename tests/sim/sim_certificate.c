/* sim_certificate.c - a certificate that is the same in each run. */
#include "sim_certificate.h"

/* P-256, valid from 1970 to 2200. */
static const char PEM[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBabZQSrulMtYIAWc\n"
                          "UvYXdoiscuxfBZBuS7XKOvQ14qGhRANCAASNsqh2irJgwGjTTZdrSz5G2pvMJf2K\n"
                          "yKMz9jZon0zrjGkmkVKO7paxkfWK90UCercA03d2pWzaz3JW66Nzvxsx\n"
                          "-----END PRIVATE KEY-----\n"
                          "-----BEGIN CERTIFICATE-----\n"
                          "MIIBcDCCARagAwIBAgIQXK8I25Hib0dpvLFq0Nfi6TAKBggqhkjOPQQDAjAQMQ4w\n"
                          "DAYDVQQDDAVjeWNvczAgFw03MDAxMDEwMDAwMDBaGA8yMjAwMDEwMTAwMDAwMFow\n"
                          "EDEOMAwGA1UEAwwFY3ljb3MwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASNsqh2\n"
                          "irJgwGjTTZdrSz5G2pvMJf2KyKMz9jZon0zrjGkmkVKO7paxkfWK90UCercA03d2\n"
                          "pWzaz3JW66Nzvxsxo1AwTjAMBgNVHRMEBTADAQH/MB0GA1UdDgQWBBQ8sKSoWBqV\n"
                          "GLtDUj8zrU64o6bNWzAfBgNVHSMEGDAWgBQ8sKSoWBqVGLtDUj8zrU64o6bNWzAK\n"
                          "BggqhkjOPQQDAgNIADBFAiB39IlTf+WRzNze+aT07z3trkg8QmrJ1YPnO4tHYmtN\n"
                          "uAIhAJU/YMcMtBxpHFsw6kQyR7AvhgDrc2o5Ae/A1FDuMfX8\n"
                          "-----END CERTIFICATE-----\n";

const struct cyi_tls_files sim_certificate = {
    .certificate = {.name = "certificate", .text = PEM, .size = sizeof PEM - 1}};
