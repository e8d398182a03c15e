/* sample.h - what a core had counted at a moment; what it does, from two of them. */
#ifndef CTL_SAMPLE_H
#define CTL_SAMPLE_H

#include "rows.h"

struct ctl_sample {
    bool taken;
    uint8_t node[16];
    uint64_t at_ns, idle_ns;
    uint64_t messages, switches, bytes_in, bytes_out, lost, refused;
};

/* From an answer to "counters"; false, and not taken, when it is none. */
bool ctl_sample_read(struct ctl_sample *out, const cy_value_reader *map);

struct ctl_rates {
    double busy;                                                   /* percent of the time */
    double messages, switches, bytes_in, bytes_out, lost, refused; /* per second */
};

/* False when the two do not belong together: another node, or no time between them. */
bool ctl_sample_rates(struct ctl_rates *out, const struct ctl_sample *before,
                      const struct ctl_sample *now);

#endif
