/*
 * replay.c - runs a fuzz target on files: a corpus, or an input that has failed.
 *
 *     replay_NOUN FILE-OR-FOLDER...
 *
 * Each name is printed before its input is tried, so that the last one is what failed.
 */
#include "fuzz.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static long tried;

/* In memory of just its size, so that the address sanitizer sees a step beyond. */
static int
try_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "re");
    uint8_t *data = malloc(size != 0 ? size : 1);
    if (file == NULL || data == NULL || fread(data, 1, size, file) != size) {
        perror(path);
        return 1;
    }
    fclose(file);
    printf("%s\n", path);
    fflush(stdout);
    (void) LLVMFuzzerTestOneInput(data, size);
    free(data);
    tried++;
    return 0;
}

static int
try_path(const char *path)
{
    struct dirent **names;
    struct stat what;
    int count, failed = 0;
    if (stat(path, &what) < 0) {
        perror(path);
        return 1;
    }
    if (!S_ISDIR(what.st_mode))
        return try_file(path, (size_t) what.st_size);
    if ((count = scandir(path, &names, NULL, alphasort)) < 0) {
        perror(path);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            failed |= try_path(file);
        free(names[i]);
    }
    free(names);
    return failed;
}

int
main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= try_path(argv[i]);
    printf("%ld inputs\n", tried);
    return failed != 0 || tried == 0;
}
