/* sim_certificate.h - a certificate that is the same in each run. */
#ifndef CY_SIM_CERTIFICATE_H
#define CY_SIM_CERTIFICATE_H

#include "tls.h"

/* For struct cyi_net_setup: a world repeats itself only if its certificate does. */
extern const struct cyi_tls_files sim_certificate;

#endif
