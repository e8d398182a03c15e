/*
 * evp.c - libcrypto, found at run time.
 *
 * Tests: tests/transport/test_gcm.c
 */
#include <cycos/base.h>

#if CY_LIBCRYPTO

#include "evp.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

static struct cyi_evp library;
static bool loaded;

/* POSIX has functions and data of one size; C has no cast that says so. */
static bool
find(void *handle, const char *name, void *function)
{
    void *symbol = dlsym(handle, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

/* It stays until the process ends: the library registers what runs at exit. */
static void
load(void)
{
    void *handle = dlopen("libcrypto.so." TEXT(OPENSSL_SHLIB_VERSION), RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return;
    loaded = true;
#define FIND(name) loaded = find(handle, #name, &library.name) && loaded;
    CYI_EVP_FUNCTIONS(FIND)
#undef FIND
}

const struct cyi_evp *
cyi_evp(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded ? &library : NULL;
}

#endif
