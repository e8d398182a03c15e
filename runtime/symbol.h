/* symbol.h - names of functions for addresses of this process, static ones included. */
#ifndef CYI_SYMBOL_H
#define CYI_SYMBOL_H

#include <stddef.h>

/*
 * Words for the addresses of a backtrace, innermost first: "parse+0x1f main_task+0x80
 * libc.so.6:poll+0x17". What no table names is "program+0x4a10", an offset that addr2line
 * takes. Stops before an address that no longer fits, with "...". Returns the length.
 *
 * Reads the symbol tables from the files of the process, so it is not for signal handlers.
 */
size_t cyi_symbol_format(char *text, size_t size, void *const *addresses, int count);

#endif
