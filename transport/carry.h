/* carry.h - who carries out which items. */
#ifndef CYI_CARRY_H
#define CYI_CARRY_H

#include "link.h"

/* A message of what follows the fixed part of an item; who sends and receives is not in it. */
cy_msg *cyi_arrival_message(struct cyi_link *link, struct cyi_arrival *arrival, size_t fixed,
                            uint32_t tag);

#endif
