/* html.h - the result as one web page that needs nothing else. */
#ifndef LOAD_HTML_H
#define LOAD_HTML_H

#include "machine.h"
#include "result.h"

#include <stdio.h>

/* -EIO when the stream fails, -ENOMEM. */
int load_html_write(FILE *file, const struct load_result *result,
                    const struct load_machine *machine);

#endif
