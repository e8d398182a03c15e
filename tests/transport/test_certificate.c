#include "certificate.h"
#include "cy_test.h"
#include "secret.h"

#include <cycos/options.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96];

static void
begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/cycos-certificate-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
}

static void
done(void)
{
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

/* The text of the file, which is the owner's alone. */
static const char *
text_of(void)
{
    static char text[CYI_CERTIFICATE_BYTES];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(fstat(fd, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
    ssize_t n = read(fd, text, sizeof text - 1);
    CU_ASSERT_TRUE_FATAL(n > 0);
    text[n] = 0;
    close(fd);
    return text;
}

/* What openssl says of the file; 0: it is content. */
static int
openssl(const char *words)
{
    char command[256];
    snprintf(command, sizeof command, "<%s openssl %s >%s/out 2>&1", path, words, folder);
    int rc = system(command);
    snprintf(command, sizeof command, "%s/out", folder);
    unlink(command);
    return rc;
}

static void
check_file(bool rsa)
{
    struct cy_certificate_options options = {.name = "host a", .days = 2, .rsa = rsa};
    begin();
    CY_OK(cy_certificate_create(path, &options));
    const char *text = text_of();
    CU_ASSERT_PTR_EQUAL(strstr(text, "-----BEGIN PRIVATE KEY-----\n"), text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "-----BEGIN CERTIFICATE-----\n"));
    CU_ASSERT_EQUAL(openssl("pkey -check -noout"), 0);
    CU_ASSERT_EQUAL(openssl("x509 -checkend 172000 -noout"), 0);
    CU_ASSERT_NOT_EQUAL(openssl("x509 -checkend 173000 -noout"), 0);
    CU_ASSERT_EQUAL(openssl("x509 -subject -noout | grep -q 'CN = host a$'"), 0);
    CU_ASSERT_EQUAL(openssl("verify -CAfile /dev/stdin"), 0);
    done();
}

static void
a_certificate_of_p256_pleases_openssl(void)
{
    check_file(false);
}

static void
a_certificate_of_rsa_pleases_openssl(void)
{
    check_file(true);
}

static void
a_certificate_without_options_is_for_a_thousand_days(void)
{
    begin();
    CY_OK(cy_certificate_create(path, NULL));
    CU_ASSERT_EQUAL(openssl("x509 -checkend 86399000 -noout"), 0);
    CU_ASSERT_NOT_EQUAL(openssl("x509 -checkend 86401000 -noout"), 0);
    CU_ASSERT_EQUAL(openssl("x509 -subject -noout | grep -q 'CN = cycos$'"), 0);
    done();
}

static void
a_certificate_may_last_a_century_and_no_longer(void)
{
    struct cy_certificate_options options = {.days = CY_CERTIFICATE_DAYS_MAX};
    begin();
    CY_OK(cy_certificate_create(path, &options));
    CU_ASSERT_EQUAL(openssl("x509 -checkend 3153000000 -noout"), 0);
    unlink(path);
    options.days++;
    CU_ASSERT_EQUAL(cy_certificate_create(path, &options), -EINVAL);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    done();
}

static void
a_name_has_one_to_63_bytes(void)
{
    char name[CY_CERTIFICATE_NAME_MAX + 2];
    struct cy_certificate_options options = {.name = ""};
    begin();
    CU_ASSERT_EQUAL(cy_certificate_create(path, &options), -EINVAL);
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    options.name = name;
    CU_ASSERT_EQUAL(cy_certificate_create(path, &options), -EINVAL);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    name[CY_CERTIFICATE_NAME_MAX] = 0;
    CY_OK(cy_certificate_create(path, &options));
    done();
}

static void
a_secret_is_64_digits_that_a_node_loads(void)
{
    struct cy_options options;
    const char *items[] = {path};
    struct cyi_secrets *secrets;
    char why[128], before[80];
    begin();
    CY_OK(cy_secret_create(path));
    snprintf(before, sizeof before, "%s", text_of());
    CU_ASSERT_EQUAL(strlen(before), 65);
    CU_ASSERT_EQUAL(strspn(before, "0123456789abcdef"), 64);
    cy_options_init(&options);
    options.secret_file = (struct cy_option_list){items, 1};
    CY_OK(cyi_secrets_load(&secrets, &options, why, sizeof why));
    CU_ASSERT_FALSE(cyi_secrets_weak(secrets));
    cyi_secrets_free(&secrets);
    unlink(path);
    CY_OK(cy_secret_create(path));
    CU_ASSERT_STRING_NOT_EQUAL(text_of(), before);
    done();
}

static void
what_exists_is_never_overwritten(void)
{
    begin();
    CY_OK(cy_secret_create(path));
    CU_ASSERT_EQUAL(cy_secret_create(path), -EEXIST);
    CU_ASSERT_EQUAL(cy_certificate_create(path, NULL), -EEXIST);
    CU_ASSERT_EQUAL(strlen(text_of()), 65);
    done();
}

static void
a_file_that_cannot_be_says_why(void)
{
    CU_ASSERT_EQUAL(cy_secret_create("/nowhere/to/be"), -ENOENT);
    CU_ASSERT_EQUAL(cy_certificate_create("/nowhere/to/be", NULL), -ENOENT);
}

/* As on a full disk: what was begun is gone. */
static void
nothing_half_written_stays_behind(void)
{
    struct rlimit before, none = {0, 0};
    begin();
    CU_ASSERT_EQUAL(getrlimit(RLIMIT_FSIZE, &before), 0);
    none.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &none), 0);
    CU_ASSERT_EQUAL(cy_secret_create(path), -EFBIG);
    CU_ASSERT_EQUAL(cy_certificate_create(path, NULL), -EFBIG);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    done();
}

static void
create_starving(void *arg)
{
    const struct cy_certificate_options options = {.rsa = arg != NULL};
    int rc = cy_test_starve() ? cy_certificate_create(path, &options) : -ENOMEM;
    dprintf(STDOUT_FILENO, "%s", cy_errname(rc));
    _exit(0);
}

static void
without_memory_there_is_none(void)
{
    static struct cy_test_child child;
    begin();
    for (int rsa = 0; rsa < 2; rsa++) {
        CY_OK(cy_test_run_child(&child, create_starving, rsa ? &child : NULL));
        CU_ASSERT_STRING_EQUAL(child.output, "ENOMEM");
        CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    }
    done();
}

CY_TEST_MAIN("transport.certificate", CY_TEST(a_certificate_of_p256_pleases_openssl),
             CY_TEST(a_certificate_of_rsa_pleases_openssl),
             CY_TEST(a_certificate_without_options_is_for_a_thousand_days),
             CY_TEST(a_certificate_may_last_a_century_and_no_longer),
             CY_TEST(a_name_has_one_to_63_bytes),
             CY_TEST(a_secret_is_64_digits_that_a_node_loads),
             CY_TEST(what_exists_is_never_overwritten), CY_TEST(a_file_that_cannot_be_says_why),
             CY_TEST(nothing_half_written_stays_behind), CY_TEST(without_memory_there_is_none))
