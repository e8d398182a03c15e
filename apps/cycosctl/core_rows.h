/* core_rows.h - how a core is written into a row. */
#ifndef CTL_CORE_ROWS_H
#define CTL_CORE_ROWS_H

#include "core.h"

/* Its name and location: two pairs. */
void ctl_put_core(cy_value_writer *w, const struct ctl_core *core);

/* Why it did not answer, a text, or nil: a pair. */
void ctl_put_trouble(cy_value_writer *w, const struct ctl_core *core);

/* Of its answer: "node", the eight digits that stand in references to it, or nil; a pair. */
void ctl_put_node(cy_value_writer *w, const struct ctl_core *core);

/* The same as a text; empty when there was no answer. */
#define CTL_NODE_TEXT_MAX 9
void ctl_node_text(char *text, const struct ctl_core *core);

#endif
