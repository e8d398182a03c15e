/* machine.c - on what a result was measured; the build says which version this is. */
#include "machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void
read_kernel(char *out, size_t size)
{
    struct utsname name;
    if (uname(&name) == 0)
        snprintf(out, size, "%.20s %.80s %.40s", name.sysname, name.release, name.machine);
}

/* x86 has "model name", other architectures name the CPU elsewhere or not at all. */
static void
read_cpu(char *out, size_t size)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "model name", 10) != 0 && strncmp(line, "CPU part", 8) != 0)
            continue;
        const char *value = strchr(line, ':');
        if (value == NULL)
            continue;
        value += strspn(value, ": \t");
        snprintf(out, size, "%.*s", (int) strcspn(value, "\n"), value);
        break;
    }
    fclose(file);
}

static void
read_governor(char *out, size_t size)
{
    FILE *file = fopen("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "re");
    if (file == NULL)
        return;
    if (fgets(out, (int) size, file) != NULL)
        out[strcspn(out, "\n")] = '\0';
    fclose(file);
}

static unsigned
count_usable(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned) CPU_COUNT(&set) : 0;
}

void
load_machine_read(struct load_machine *out)
{
    time_t now = time(NULL);
    struct tm utc;
    memset(out, 0, sizeof *out);
    snprintf(out->kernel, sizeof out->kernel, "unknown");
    snprintf(out->cpu, sizeof out->cpu, "unknown");
    snprintf(out->governor, sizeof out->governor, "-");
    snprintf(out->version, sizeof out->version, "%s", LOAD_VERSION);
    snprintf(out->commit, sizeof out->commit, "%s", LOAD_COMMIT);
    snprintf(out->compiler, sizeof out->compiler, "%s", LOAD_COMPILER);
    read_kernel(out->kernel, sizeof out->kernel);
    read_cpu(out->cpu, sizeof out->cpu);
    read_governor(out->governor, sizeof out->governor);
    if (gmtime_r(&now, &utc) != NULL)
        strftime(out->time, sizeof out->time, "%Y-%m-%dT%H:%M:%SZ", &utc);
    out->cpus = (unsigned) sysconf(_SC_NPROCESSORS_ONLN);
    out->cpus_usable = count_usable();
    out->memory_bytes = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);
}
