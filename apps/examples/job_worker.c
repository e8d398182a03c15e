/* job_worker.c - a peer that counts primes for whoever asks; job_farm.c asks. */
#include "example.h"

enum { AT_ONCE = 4 };

static bool
is_prime(uint64_t n)
{
    for (uint64_t d = 2; d * d <= n; d++) {
        if (n % d == 0)
            return false;
    }
    return n > 1;
}

/* count_primes(from, below): the exit code is how many there are. */
static int
count_primes(cy_args_reader *args)
{
    uint64_t from = 0, below = 0;
    int count = 0;
    cy_args_get_uint(args, "from", &from);
    cy_args_get_uint(args, "below", &below);
    if (cy_args_end(args) != 0)
        return -EINVAL;
    for (uint64_t n = from; n < below; n++) {
        count += is_prime(n);
        if (n % 256 == 0 && cy_yield() != 0)
            return -ECANCELED; /* others have their turn, and whoever terminates us is heard */
    }
    return count;
}

static int
work(void *arg)
{
    const struct cy_rti_options options = {
        .signature = "from:uint below:uint", .tasks_max = AT_ONCE, .end_with_node = true};
    cy_ref method;
    (void) arg;
    int rc = cy_rti_create(&method, count_primes, &options);
    if (rc == 0)
        rc = cy_rti_register(method, NULL);
    if (rc != 0)
        return example_failed("count_primes", rc), 1;
    puts("ready");
    (void) !cy_wait_stopping(CY_FOREVER);
    return 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, work);
}
