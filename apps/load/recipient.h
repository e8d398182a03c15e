/* recipient.h - finding the task or the channel that has a name, and its books. */
#ifndef LOAD_RECIPIENT_H
#define LOAD_RECIPIENT_H

#include "place.h"
#include "settings.h"

#include <cycos/time.h>

/*
 * Waits until somebody has the name, for @timeout_ns; then as long for the name of its books,
 * which a server of this program has from the start. That it keeps none is no error. As
 * cy_task_locate().
 */
int load_recipient_find(struct load_recipient *out, const struct load_settings *settings,
                        cy_time timeout_ns);

#endif
