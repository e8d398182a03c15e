#include "cy_test.h"
#include "secret.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHEAP = 2, FILES = CYI_SECRETS_MAX + 1, LONG = CYI_SECRET_BYTES_MAX };

static char folder[64];
static char paths[FILES][96];
static const char *items[FILES];
static char why[256];

/* A folder of its own, with a file for each text. */
static struct cy_options
files(int count, ...)
{
    va_list texts;
    struct cy_options options;
    cy_options_init(&options);
    snprintf(folder, sizeof folder, "/tmp/cycos-secret-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    va_start(texts, count);
    for (int i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/secret-%d", folder, i);
        int fd = open(paths[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        const char *text = va_arg(texts, const char *);
        CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t) strlen(text));
        close(fd);
        items[i] = paths[i];
    }
    va_end(texts);
    options.secret_file = (struct cy_option_list){items, (uint32_t) count};
    return options;
}

static void
done(const struct cy_options *options)
{
    for (uint32_t i = 0; i < options->secret_file.count; i++)
        unlink(options->secret_file.items[i]);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

/* The words of what went wrong; a failure leaves `out` alone. */
static int
load_fails(const struct cy_options *options, const char *words)
{
    struct cyi_secrets *untouched = (struct cyi_secrets *) folder, *secrets = untouched;
    int rc = cyi_secrets_load(&secrets, options, why, sizeof why);
    CU_ASSERT_PTR_EQUAL(secrets, untouched);
    if (strstr(why, words) == NULL)
        CU_FAIL("other words");
    CU_ASSERT_PTR_NULL(strchr(why, '\n'));
    return rc;
}

static struct cyi_secrets *
load(const struct cy_options *options)
{
    struct cyi_secrets *secrets = NULL;
    CY_OK(cyi_secrets_load(&secrets, options, why, sizeof why));
    CU_ASSERT_PTR_NOT_NULL_FATAL(secrets);
    return secrets;
}

#define MAKE(...) make((const char *const[]){__VA_ARGS__, NULL})
static struct cyi_secrets *
make(const char *const *passwords)
{
    struct cyi_secrets *secrets = NULL;
    uint32_t count = 0;
    while (passwords[count] != NULL)
        count++;
    CY_OK(cyi_secrets_make(&secrets, passwords, count, CHEAP));
    CU_ASSERT_PTR_NOT_NULL_FATAL(secrets);
    return secrets;
}

/* What `from` signs, `to` takes. */
static bool
understands(const struct cyi_secrets *to, const struct cyi_secrets *from)
{
    uint8_t mac[CYI_MAC], key_id[CYI_KEY_ID];
    cyi_secrets_sign(from, mac, key_id, "hello", 5);
    return cyi_secrets_check(to, mac, key_id, "hello", 5);
}

static void
free_two(struct cyi_secrets *a, struct cyi_secrets *b)
{
    cyi_secrets_free(&a);
    cyi_secrets_free(&b);
    CU_ASSERT_PTR_NULL(a);
    cyi_secrets_free(&a);
}

static void
nodes_with_one_secret_understand_each_other(void)
{
    struct cyi_secrets *a = MAKE("one"), *b = MAKE("one"), *c = MAKE("two");
    CU_ASSERT_TRUE(understands(a, b));
    CU_ASSERT_TRUE(understands(b, a));
    CU_ASSERT_FALSE(understands(a, c));
    CU_ASSERT_FALSE(understands(c, a));
    free_two(a, b);
    cyi_secrets_free(&c);
}

static void
an_open_set_takes_open_ones_only(void)
{
    struct cyi_secrets *open = make((const char *const[]){NULL}), *closed = MAKE("one");
    CU_ASSERT_EQUAL(cyi_secrets_count(open), 0);
    CU_ASSERT_EQUAL(cyi_secrets_count(closed), 1);
    CU_ASSERT_TRUE(understands(open, open));
    CU_ASSERT_FALSE(understands(open, closed));
    CU_ASSERT_FALSE(understands(closed, open));
    free_two(open, closed);
}

/* Old alone, both with the old one first, both with the new one first, new alone. */
static void
a_secret_can_be_changed_step_by_step(void)
{
    struct cyi_secrets *steps[] = {MAKE("old"), MAKE("old", "new"), MAKE("new", "old"),
                                   MAKE("new")};
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_TRUE(understands(steps[i], steps[i]));
        if (i > 0 && i != 2)
            CU_ASSERT_TRUE(understands(steps[i], steps[i - 1]) &&
                           understands(steps[i - 1], steps[i]));
    }
    CU_ASSERT_TRUE(understands(steps[1], steps[2]) && understands(steps[2], steps[1]));
    CU_ASSERT_FALSE(understands(steps[0], steps[3]));
    CU_ASSERT_FALSE(understands(steps[0], steps[2])); /* the first one signs */
    for (int i = 0; i < 4; i++)
        cyi_secrets_free(&steps[i]);
}

static void
every_change_of_what_was_signed_is_noticed(void)
{
    struct cyi_secrets *secrets = MAKE("one");
    uint8_t text[40] = "datagram", mac[CYI_MAC], key_id[CYI_KEY_ID];
    cyi_secrets_sign(secrets, mac, key_id, text, sizeof text);
    uint8_t *parts[] = {text, mac, key_id};
    size_t sizes[] = {sizeof text, sizeof mac, sizeof key_id};
    for (int part = 0; part < 3; part++) {
        for (size_t bit = 0; bit < 8 * sizes[part]; bit++) {
            parts[part][bit / 8] ^= (uint8_t) (1 << bit % 8);
            CU_ASSERT_FALSE(cyi_secrets_check(secrets, mac, key_id, text, sizeof text));
            parts[part][bit / 8] ^= (uint8_t) (1 << bit % 8);
        }
    }
    CU_ASSERT_FALSE(cyi_secrets_check(secrets, mac, key_id, text, sizeof text - 1));
    CU_ASSERT_TRUE(cyi_secrets_check(secrets, mac, key_id, text, sizeof text));
    cyi_secrets_free(&secrets);
}

static void
each_use_has_its_own_key(void)
{
    struct cyi_secrets *secrets = MAKE("one", "two");
    const struct cyi_secret *one = cyi_secrets_at(secrets, 0),
                            *two = cyi_secrets_at(secrets, 1);
    CU_ASSERT_FALSE(cyi_crypto_equal(one->udp_key, one->tcp_key, CYI_CRYPTO_KEY));
    CU_ASSERT_FALSE(cyi_crypto_equal(one->udp_key, one->key_id, CYI_KEY_ID));
    CU_ASSERT_FALSE(cyi_crypto_equal(one->tcp_key, one->key_id, CYI_KEY_ID));
    CU_ASSERT_FALSE(cyi_crypto_equal(one->udp_key, two->udp_key, CYI_CRYPTO_KEY));
    CU_ASSERT_FALSE(cyi_crypto_equal(one->tcp_key, two->tcp_key, CYI_CRYPTO_KEY));
    CU_ASSERT_PTR_EQUAL(cyi_secrets_find(secrets, one->key_id), one);
    CU_ASSERT_PTR_EQUAL(cyi_secrets_find(secrets, two->key_id), two);
    CU_ASSERT_PTR_NULL(cyi_secrets_find(secrets, one->udp_key));
    cyi_secrets_free(&secrets);
}

static void
passwords_are_counted_and_measured(void)
{
    static const char *const nine[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
    static const char *const empty[] = {"one", ""};
    struct cyi_secrets *secrets = NULL;
    CY_FAILS(cyi_secrets_make(&secrets, nine, 9, CHEAP), -E2BIG);
    CY_FAILS(cyi_secrets_make(&secrets, empty, 2, CHEAP), -EINVAL);
    CU_ASSERT_PTR_NULL(secrets);
    CY_OK(cyi_secrets_make(&secrets, nine, CYI_SECRETS_MAX, CHEAP));
    CU_ASSERT_EQUAL(cyi_secrets_count(secrets), CYI_SECRETS_MAX);
    struct cyi_secrets *twice = MAKE("a", "b", "a");
    CU_ASSERT_EQUAL(cyi_secrets_count(twice), 2);
    free_two(secrets, twice);
}

static void
short_ones_are_noticed(void)
{
    struct cyi_secrets *good = MAKE("0123456789abcdef"), *weak = MAKE("0123456789abcde");
    struct cyi_secrets *mixed = MAKE("0123456789abcdef", "x");
    CU_ASSERT_FALSE(cyi_secrets_weak(good));
    CU_ASSERT_TRUE(cyi_secrets_weak(weak));
    CU_ASSERT_TRUE(cyi_secrets_weak(mixed));
    free_two(good, weak);
    cyi_secrets_free(&mixed);
}

static void
files_are_read_in_their_order(void)
{
    struct cy_options options = files(2, "the first secret\n", "the second secret\r\n");
    static const char *const same[] = {"the first secret", "the second secret"};
    struct cyi_secrets *secrets = load(&options), *made = NULL;
    CY_OK(cyi_secrets_make(&made, same, 2, CYI_SECRET_COST_LOG2));
    CU_ASSERT_EQUAL_FATAL(cyi_secrets_count(secrets), 2);
    for (uint32_t i = 0; i < 2; i++)
        CU_ASSERT_TRUE(memcmp(cyi_secrets_at(secrets, i), cyi_secrets_at(made, i),
                              sizeof(struct cyi_secret)) == 0);
    CU_ASSERT_FALSE(cyi_secrets_weak(secrets));
    free_two(secrets, made);
    done(&options);
}

static void
no_file_and_no_variable_make_an_open_set(void)
{
    struct cy_options options = files(0);
    struct cyi_secrets *secrets = load(&options);
    CU_ASSERT_EQUAL(cyi_secrets_count(secrets), 0);
    cyi_secrets_free(&secrets);
    done(&options);
}

static void
the_environment_comes_after_the_files(void)
{
    struct cy_options options = files(1, "of the file"), none = options;
    none.secret_file.count = 0;
    setenv("CYCOS_SECRET", "of the environment", 1);
    struct cyi_secrets *both = load(&options), *one = load(&none);
    CU_ASSERT_EQUAL(cyi_secrets_count(both), 2);
    CU_ASSERT_EQUAL(cyi_secrets_count(one), 1);
    CU_ASSERT_TRUE(understands(both, one));
    CU_ASSERT_FALSE(understands(one, both));
    unsetenv("CYCOS_SECRET");
    free_two(both, one);
    done(&options);
}

static void
a_bad_variable_is_refused(void)
{
    struct cy_options options = files(0);
    char text[LONG + 2];
    setenv("CYCOS_SECRET", "", 1);
    CY_FAILS(load_fails(&options, "CYCOS_SECRET: the secret is empty"), -EINVAL);
    memset(text, 'x', sizeof text);
    text[LONG + 1] = '\0';
    setenv("CYCOS_SECRET", text, 1);
    CY_FAILS(load_fails(&options, "CYCOS_SECRET: a secret has at most 4096 bytes"), -EFBIG);
    text[LONG] = '\0';
    setenv("CYCOS_SECRET", text, 1);
    struct cyi_secrets *secrets = load(&options);
    unsetenv("CYCOS_SECRET");
    cyi_secrets_free(&secrets);
    done(&options);
}

static void
a_file_that_others_may_use_is_refused(void)
{
    static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601};
    struct cy_options options = files(1, "secret");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        CY_OK(chmod(paths[0], modes[i]));
        CY_FAILS(load_fails(&options, "chmod 600"), -EACCES);
        CU_ASSERT_PTR_NOT_NULL(strstr(why, paths[0]));
    }
    CY_OK(chmod(paths[0], 0400));
    struct cyi_secrets *secrets = load(&options);
    cyi_secrets_free(&secrets);
    done(&options);
}

static void
what_is_no_file_is_refused(void)
{
    struct cy_options options = files(1, "secret");
    unlink(paths[0]);
    CY_FAILS(load_fails(&options, "No such file"), -ENOENT);
    CY_OK(mkdir(paths[0], 0700));
    CY_FAILS(load_fails(&options, "not a regular file"), -EINVAL);
    rmdir(paths[0]);
    CY_OK(mkfifo(paths[0], 0600)); /* nobody writes: it must not hold us up */
    CY_FAILS(load_fails(&options, "not a regular file"), -EINVAL);
    done(&options);
}

static void
an_empty_file_is_refused(void)
{
    static const char *const texts[] = {"", "\n", "\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cy_options options = files(1, texts[i]);
        CY_FAILS(load_fails(&options, "the secret is empty"), -EINVAL);
        done(&options);
    }
}

static void
a_file_has_a_largest_size(void)
{
    char text[LONG + 2];
    memset(text, 'x', sizeof text);
    text[LONG + 1] = '\0';
    struct cy_options options = files(1, text);
    CY_FAILS(load_fails(&options, "at most 4096 bytes"), -EFBIG);
    done(&options);
    text[LONG] = '\0';
    options = files(1, text);
    struct cyi_secrets *secrets = load(&options);
    cyi_secrets_free(&secrets);
    done(&options);
}

static void
too_many_files_are_refused(void)
{
    struct cy_options options = files(9, "1", "2", "3", "4", "5", "6", "7", "8", "9");
    CY_FAILS(load_fails(&options, "more than 8 secrets"), -E2BIG);
    options.secret_file.count = 8;
    struct cyi_secrets *secrets = load(&options);
    CU_ASSERT_EQUAL(cyi_secrets_count(secrets), 8);
    cyi_secrets_free(&secrets);
    options.secret_file.count = 9;
    done(&options);
}

CY_TEST_MAIN("transport.secret", CY_TEST(nodes_with_one_secret_understand_each_other),
             CY_TEST(an_open_set_takes_open_ones_only),
             CY_TEST(a_secret_can_be_changed_step_by_step),
             CY_TEST(every_change_of_what_was_signed_is_noticed),
             CY_TEST(each_use_has_its_own_key), CY_TEST(passwords_are_counted_and_measured),
             CY_TEST(short_ones_are_noticed), CY_TEST(files_are_read_in_their_order),
             CY_TEST(no_file_and_no_variable_make_an_open_set),
             CY_TEST(the_environment_comes_after_the_files), CY_TEST(a_bad_variable_is_refused),
             CY_TEST(a_file_that_others_may_use_is_refused),
             CY_TEST(what_is_no_file_is_refused), CY_TEST(an_empty_file_is_refused),
             CY_TEST(a_file_has_a_largest_size), CY_TEST(too_many_files_are_refused))
