/* program.c - the program from its arguments to its exit status. */
#include "program.h"

#include "command.h"
#include "core.h"

#include <ctype.h>
#include <cycos/peer.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

int
ctl_fail(const struct ctl *ctl, int status, const char *format, ...)
{
    va_list ap;
    fprintf(stderr, "cycosctl: %s%s", ctl->command != NULL ? ctl->command->name : "",
            ctl->command != NULL ? ": " : "");
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return status;
}

int
ctl_status_of(int error)
{
    switch (error) {
    case -ETIMEDOUT:
    case CY_ENOPEER:
    case -ECONNREFUSED:
    case -EHOSTUNREACH:
    case -ENETUNREACH:
        return CTL_SILENCE;
    case CY_EAUTH:
    case CY_EOPEN:
    case CY_ESECRET:
        return CTL_REFUSED;
    default:
        if (error <= CY_ECERT && error >= CY_ETLS)
            return CTL_REFUSED;
        return error < 0 ? CTL_FAILED : CTL_OK;
    }
}

cy_time
ctl_deadline(const struct ctl *ctl)
{
    return cy_after(ctl->flags.timeout);
}

static void
print_help(const struct cy_option_set *set)
{
    puts("usage: cycosctl [OPTION...] COMMAND [ARGUMENT...]\n\n"
         "Joins a network of cycos as a node of its own, to look at the others and to talk "
         "to them.\n"
         "A CORE is a name (web.0) or a location (10.0.0.1:4000).\n\nCommands:");
    for (size_t i = 0; i < ctl_command_count; i++) {
        const struct ctl_command *c = &ctl_commands[i];
        char usage[64];
        snprintf(usage, sizeof usage, "%s %s", c->name, c->arguments);
        printf("  %-28s %s\n", usage, c->help);
    }
    puts("\nExit status: 0; 1 it went wrong; 2 wrong usage; 3 nobody answered in time; 4 the "
         "network\nhas another secret or certificate. What begins with -- stands behind --.\n");
    cy_options_help(stdout, set);
}

/* A number below zero is none. */
static bool
looks_like_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && word[1] != '.' &&
           !isdigit((unsigned char) word[1]);
}

/* Before "--", which is taken out, nothing is left that looks like an option. */
static const char *
unknown_option(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            memmove(&argv[i], &argv[i + 1], (size_t) (*argc - i) * sizeof *argv);
            --*argc;
            return NULL;
        }
        if (looks_like_option(argv[i]))
            return argv[i];
    }
    return NULL;
}

static bool
asks_for(int argc, char **argv, const char *flag, const char *word)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], flag) == 0)
            return true;
    return argc > 1 && strcmp(argv[1], word) == 0;
}

static int
choose_command(struct ctl *ctl, int argc, char **argv)
{
    if (argc < 2)
        return ctl_fail(ctl, CTL_USAGE, "no command; --help lists them");
    const struct ctl_command *command = ctl_command_find(argv[1]);
    if (command == NULL)
        return ctl_fail(ctl, CTL_USAGE, "no command '%s'; --help lists them", argv[1]);
    ctl->command = command;
    ctl->argc = argc - 2;
    ctl->argv = argv + 2;
    if (ctl->argc < command->min || (command->max >= 0 && ctl->argc > command->max))
        return ctl_fail(ctl, CTL_USAGE, "usage: cycosctl %s%s%s", command->name,
                        command->arguments[0] != '\0' ? " " : "", command->arguments);
    return CTL_OK;
}

static int
main_task(void *arg)
{
    struct ctl *ctl = arg;
    ctl->status = ctl->command->run(ctl);
    return 0;
}

/* A reader that has enough ends the program without a word. */
static int
finish(struct ctl *ctl, int status)
{
    int rc = ctl_output_flush(&ctl->output);
    ctl_output_close(&ctl->output);
    if (rc == -EPIPE)
        return status != CTL_OK ? status : CTL_FAILED;
    if (rc != 0)
        return ctl_fail(ctl, CTL_FAILED, "cannot write: %s", cy_strerror(rc));
    return status;
}

static int
run(struct ctl *ctl, struct cy_options *options)
{
    ctl->status = CTL_FAILED;
    int rc = ctl_output_open(&ctl->output, STDOUT_FILENO,
                             ctl_flags_table(&ctl->flags, isatty(STDOUT_FILENO)));
    if (rc != 0)
        return ctl_fail(ctl, CTL_FAILED, "%s", cy_strerror(rc));
    if (ctl->command->alone)
        return finish(ctl, ctl->command->run(ctl));
    rc = cy_run(options, main_task, ctl);
    if (rc < 0) {
        ctl_output_close(&ctl->output);
        return ctl_fail(ctl, CTL_FAILED, "%s",
                        options->error[0] != '\0' ? options->error : cy_strerror(rc));
    }
    return finish(ctl, ctl->status);
}

/* What suits somebody who stays for a moment. */
static void
init_options(struct cy_options *options)
{
    cy_options_init(options);
    options->network = cy_network();
    options->cores = 1;
    options->pin = false;
    options->spin_ns = 0;
    options->stall_ns = 0;
    options->shutdown_grace_ns = 0;
    options->max_file_size = options->file_quota = 1; /* nobody is to send us any */
    options->log_level = CY_LOG_OFF;
}

/*
 * Each run has a name of its own, but for those that send files: a file belongs to the name of
 * its sender, and who runs us on this machine is to have power over his files again.
 */
static void
make_name(char *name, size_t size, const struct ctl_command *command)
{
    char host[64] = "";
    if (command->run != ctl_file) {
        snprintf(name, size, "%s%d", CTL_OWN_NAME, (int) getpid());
        return;
    }
    (void) gethostname(host, sizeof host - 1);
    for (char *at = host; *at != '\0'; at++)
        *at = isalnum((unsigned char) *at) || *at == '.' ? *at : '-';
    snprintf(name, size, "%suser%u@%.24s", CTL_OWN_NAME, (unsigned) getuid(), host);
}

static int
run_command(struct ctl *ctl, struct cy_options *options)
{
    make_name(ctl->name, sizeof ctl->name, ctl->command);
    if (options->name == NULL)
        options->name = ctl->name;
    return run(ctl, options);
}

int
ctl_program(int argc, char **argv)
{
    struct ctl ctl = {0};
    struct cy_options options;
    struct cy_option_set set;
    const char *unknown;
    int status;
    signal(SIGPIPE, SIG_IGN);
    init_options(&options);
    ctl_flags_init(&ctl.flags, &set);
    if (asks_for(argc, argv, "--help", "help")) {
        print_help(&set);
        status = CTL_OK;
    } else if (asks_for(argc, argv, "--version", "version")) {
        puts("cycosctl " CTL_VERSION);
        status = CTL_OK;
    } else if (cy_options_parse_with(&options, &set, &argc, argv) != 0) {
        status = ctl_fail(&ctl, CTL_USAGE, "%s", options.error);
    } else if ((unknown = unknown_option(&argc, argv)) != NULL) {
        status = ctl_fail(&ctl, CTL_USAGE, "unknown option %s; --help lists them", unknown);
    } else if ((status = choose_command(&ctl, argc, argv)) == CTL_OK) {
        status = run_command(&ctl, &options);
    }
    cy_options_fini(&options);
    return status;
}
