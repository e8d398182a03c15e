#include "tls_files.h"

#include <cycos/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Each mistake with the files has a code and words of its own. */

static struct cy_options options;

static void
begin(void)
{
    tls_specified();
    tls_folder_begin();
    cy_options_init(&options);
    options.certfile = tls_path("certificate");
}

static cy_time
now(void)
{
    return (cy_time) time(NULL) * CY_SECOND;
}

static void
loads(void)
{
    struct cyi_tls_context *context = NULL;
    CY_OK(cyi_tls_context_load(&context, &options, now(), tls_why, sizeof tls_why));
    CU_ASSERT_PTR_NOT_NULL(context);
    cyi_tls_context_release(&context);
}

/* A failure leaves `out` alone, and says in one line what is wrong. */
static void
fails(int code, const char *words)
{
    struct cyi_tls_context *untouched = (struct cyi_tls_context *) tls_why;
    struct cyi_tls_context *context = untouched;
    tls_why[0] = 0;
    CY_FAILS(cyi_tls_context_load(&context, &options, now(), tls_why, sizeof tls_why), code);
    CU_ASSERT_PTR_EQUAL(context, untouched);
    CU_ASSERT_PTR_NULL(strchr(tls_why, '\n'));
    if (strstr(tls_why, words) == NULL) {
        fprintf(stderr, "\"%s\" has not: %s\n", tls_why, words);
        CU_FAIL("other words");
    }
}

static void
takes_the_file_of_the_specification(void)
{
    begin();
    tls_write("certificate", tls_specified(), 0600);
    loads();
    tls_folder_end();
}

static void
takes_key_and_certificate_in_two_files(void)
{
    begin();
    CU_ASSERT_EQUAL(tls_shell("openssl req -x509 -newkey rsa:2048 -keyout key -nodes -out "
                              "certificate -sha256 -days 10 -batch && chmod 644 certificate"),
                    0);
    options.keyfile = tls_path("key");
    loads();
    options.keyfile = NULL;
    fails(-ENOKEY, "there is no private key in it");
    tls_folder_end();
}

static void
takes_all_kinds_of_keys(void)
{
    static const char *const kinds[] = {"ec -pkeyopt ec_paramgen_curve:P-256",
                                        "ec -pkeyopt ec_paramgen_curve:P-384", "ed25519",
                                        "rsa:4096"};
    begin();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        CU_ASSERT_EQUAL(tls_shell("rm -f certificate; openssl req -x509 -newkey %s -keyout "
                                  "certificate -nodes -out certificate -days 10 -batch",
                                  kinds[i]),
                        0);
        loads();
    }
    tls_folder_end();
}

/* Where it cannot ask, the command of the specification leaves this behind. */
static void
says_that_there_is_only_a_key(void)
{
    begin();
    CU_ASSERT_NOT_EQUAL(tls_shell("setsid openssl req -x509 -newkey rsa:2048 -keyout "
                                  "certificate -nodes -out certificate -sha256 -days 1000"),
                        0);
    fails(CY_ENOCERT, "there is a key in it but no certificate; openssl");
    tls_folder_end();
}

static void
says_which_file_is_not_there(void)
{
    begin();
    fails(-ENOENT, "certificate: No such file");
    tls_write("certificate", tls_specified(), 0600);
    options.keyfile = tls_path("key");
    fails(-ENOENT, "key: No such file");
    options.keyfile = NULL;
    options.cafile = tls_path("ca");
    fails(-ENOENT, "ca: No such file");
    tls_folder_end();
}

static void
says_that_a_file_may_not_be_read(void)
{
    begin();
    tls_write("certificate", tls_specified(), 0600);
    bool root = geteuid() == 0;
    CU_ASSERT_EQUAL(root ? seteuid(65534) : chmod(options.certfile, 0), 0);
    fails(-EACCES, "certificate: Permission denied");
    if (root)
        CU_ASSERT_EQUAL(seteuid(0), 0);
    tls_folder_end();
}

static void
refuses_a_key_that_others_may_read(void)
{
    begin();
    tls_write("certificate", tls_specified(), 0644);
    fails(-EACCES, "others may use the key in it (mode 0644); chmod 600 mends it");
    tls_write("certificate", tls_specified(), 0620);
    fails(-EACCES, "mode 0620");
    tls_write("certificate", tls_specified(), 0400);
    loads();
    tls_folder_end();
}

static void
refuses_what_is_no_file(void)
{
    begin();
    CU_ASSERT_EQUAL(tls_shell("mkdir certificate"), 0);
    fails(-EINVAL, "not a regular file");
    CU_ASSERT_EQUAL(tls_shell("rmdir certificate; mkfifo certificate"), 0);
    fails(-EINVAL, "not a regular file");
    tls_folder_end();
}

static void
refuses_what_is_no_certificate(void)
{
    char text[TLS_TEXT_BYTES];
    begin();
    tls_write("certificate", "", 0600);
    fails(CY_ENOCERT, "there is no certificate in it");
    tls_write("certificate", "-----BEGIN CERTIFICATE-----\nno end\n", 0600);
    fails(CY_ENOCERT, "there is no certificate in it");
    snprintf(text, sizeof text, "%s", tls_specified());
    char *body = strstr(text, "CERTIFICATE-----\n") + strlen("CERTIFICATE-----\n");
    memset(body + 100, 'A', 60);
    tls_write("certificate", text, 0600);
    fails(-EBADMSG, "certificate 1 cannot be read");
    tls_folder_end();
}

static void
refuses_a_broken_key(void)
{
    char text[TLS_TEXT_BYTES];
    begin();
    snprintf(text, sizeof text, "%s", tls_specified());
    memset(strstr(text, "KEY-----\n") + strlen("KEY-----\n"), 'A', 60);
    tls_write("certificate", text, 0600);
    fails(-EBADMSG, "the key cannot be read");
    tls_folder_end();
}

static void
refuses_a_key_with_a_password(void)
{
    begin();
    CU_ASSERT_EQUAL(tls_shell("openssl req -x509 -newkey rsa:2048 -keyout certificate -out "
                              "certificate -passout pass:word -days 10 -batch"),
                    0);
    fails(-EKEYREJECTED, "the key has a password");
    tls_folder_end();
}

static void
refuses_a_key_of_another_certificate(void)
{
    char text[TLS_TEXT_BYTES];
    begin();
    tls_make_lasting(text, "cycos");
    tls_write("key", text, 0600);
    options.keyfile = tls_path("key");
    tls_write("certificate", tls_specified(), 0600);
    fails(-EKEYREJECTED, "the key belongs to another certificate");
    tls_make_lasting(text, "cycos");
    tls_write("certificate", text, 0600);
    fails(-EKEYREJECTED, "the key belongs to another certificate");
    tls_folder_end();
}

static void
dates_are_looked_at(void)
{
    char text[TLS_TEXT_BYTES];
    struct cyi_tls_context *context;
    const int64_t from = 1000000000, to = from + 1000;
    tls_make(text, "cycos", from, to);
    CY_FAILS(tls_context(&context, text, NULL, NULL, (from - 1) * CY_SECOND), CY_EEARLY);
    CU_ASSERT_STRING_EQUAL(
        tls_why, "certificate: the certificate is not valid before 2001-09-09 01:46:40 UTC");
    CY_OK(tls_context(&context, text, NULL, NULL, from * CY_SECOND));
    CU_ASSERT_EQUAL(cyi_tls_context_ends(context), to);
    cyi_tls_context_release(&context);
    CY_OK(tls_context(&context, text, NULL, NULL, to * CY_SECOND));
    cyi_tls_context_release(&context);
    CY_FAILS(tls_context(&context, text, NULL, NULL, (to + 1) * CY_SECOND), CY_EEXPIRED);
    CU_ASSERT_STRING_EQUAL(tls_why,
                           "certificate: the certificate expired on 2001-09-09 02:03:20 UTC");
}

static void
a_cafile_has_certificates_that_have_not_all_expired(void)
{
    char own[TLS_TEXT_BYTES], ca[TLS_TEXT_BYTES], good[TLS_TEXT_BYTES];
    struct cyi_tls_context *context;
    tls_make_lasting(own, "cycos");
    CY_FAILS(tls_context(&context, own, NULL, "nothing", now()), CY_ENOCERT);
    CU_ASSERT_STRING_EQUAL(tls_why, "ca: there is no certificate in it");
    tls_make(ca, "authority", 1000, 2000);
    CY_FAILS(tls_context(&context, own, NULL, ca, now()), CY_EEXPIRED);
    CU_ASSERT_STRING_EQUAL(tls_why, "ca: every certificate in it has expired");
    tls_make_lasting(good, "another authority");
    tls_add(ca, good);
    CY_OK(tls_context(&context, own, NULL, ca, now()));
    cyi_tls_context_release(&context);
}

/* One file may have so many certificates, and so many bytes. */
static void
files_have_limits(void)
{
    char *text = calloc(CYI_TLS_ACCEPTED_MAX + 2, 2048), one[TLS_TEXT_BYTES];
    begin();
    tls_make_lasting(one, "cycos");
    const char *more = strstr(one, "-----BEGIN CERT");
    size_t used = strlen(one), size = strlen(more);
    memcpy(text, one, used);
    for (int i = 1; i < CYI_TLS_ACCEPTED_MAX; i++, used += size)
        memcpy(text + used, more, size);
    tls_write("certificate", text, 0600);
    loads();
    memcpy(text + used, more, size);
    tls_write("certificate", text, 0600);
    fails(-E2BIG, "more than 64 certificates");
    free(text);
    text = malloc(CYI_TLS_FILE_MAX + 2);
    memset(text, '\n', CYI_TLS_FILE_MAX + 1);
    memcpy(text, one, strlen(one));
    text[CYI_TLS_FILE_MAX + 1] = 0;
    tls_write("certificate", text, 0600);
    fails(-EFBIG, "it has more than 262144 bytes");
    text[CYI_TLS_FILE_MAX] = 0;
    tls_write("certificate", text, 0600);
    loads();
    free(text);
    tls_folder_end();
}

CY_TEST_MAIN("transport.tls_context", CY_TEST(takes_the_file_of_the_specification),
             CY_TEST(takes_key_and_certificate_in_two_files), CY_TEST(takes_all_kinds_of_keys),
             CY_TEST(says_that_there_is_only_a_key), CY_TEST(says_which_file_is_not_there),
             CY_TEST(says_that_a_file_may_not_be_read),
             CY_TEST(refuses_a_key_that_others_may_read), CY_TEST(refuses_what_is_no_file),
             CY_TEST(refuses_what_is_no_certificate), CY_TEST(refuses_a_broken_key),
             CY_TEST(refuses_a_key_with_a_password),
             CY_TEST(refuses_a_key_of_another_certificate), CY_TEST(dates_are_looked_at),
             CY_TEST(a_cafile_has_certificates_that_have_not_all_expired),
             CY_TEST(files_have_limits))
