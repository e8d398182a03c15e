/* sample.c - what a core had counted at a moment; what it does, from two of them. */
#include "sample.h"

#include <cycos/time.h>
#include <string.h>

bool
ctl_sample_read(struct ctl_sample *out, const cy_value_reader *map)
{
    cy_value_reader value;
    const void *node;
    size_t size;
    *out = (struct ctl_sample){.taken = false};
    if (!ctl_value_at(map, "node", &value) || cy_value_get_bytes(&value, &node, &size) != 0 ||
        size != sizeof out->node || !ctl_value_at(map, "counters.idle_ns", &value))
        return false;
    memcpy(out->node, node, size);
    out->at_ns = ctl_uint_at(map, "at");
    out->idle_ns = ctl_uint_at(map, "counters.idle_ns");
    out->messages =
        ctl_uint_at(map, "counters.sent_here") + ctl_uint_at(map, "counters.sent_across");
    out->switches = ctl_uint_at(map, "counters.switches");
    out->bytes_in = ctl_uint_at(map, "network.bytes_received");
    out->bytes_out = ctl_uint_at(map, "network.bytes_sent");
    out->lost = ctl_uint_at(map, "counters.lost");
    out->refused = ctl_uint_at(map, "counters.refused");
    out->taken = true;
    return true;
}

/* What has not gone on is not taken for a wrap. */
static double
rate(uint64_t before, uint64_t now, double seconds)
{
    return now > before ? (double) (now - before) / seconds : 0;
}

bool
ctl_sample_rates(struct ctl_rates *out, const struct ctl_sample *before,
                 const struct ctl_sample *now)
{
    if (!before->taken || !now->taken || now->at_ns <= before->at_ns ||
        memcmp(before->node, now->node, sizeof now->node) != 0)
        return false;
    double seconds = (double) (now->at_ns - before->at_ns) / (double) CY_SECOND;
    double idle = rate(before->idle_ns, now->idle_ns, seconds) / (double) CY_SECOND;
    *out = (struct ctl_rates){
        .busy = idle > 1 ? 0 : 100 * (1 - idle),
        .messages = rate(before->messages, now->messages, seconds),
        .switches = rate(before->switches, now->switches, seconds),
        .bytes_in = rate(before->bytes_in, now->bytes_in, seconds),
        .bytes_out = rate(before->bytes_out, now->bytes_out, seconds),
        .lost = rate(before->lost, now->lost, seconds),
        .refused = rate(before->refused, now->refused, seconds),
    };
    return true;
}
