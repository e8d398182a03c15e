// caf.hpp - what the workloads of the C++ Actor Framework share.
#pragma once

#include "measure.h"

#include <caf/all.hpp>

// 64 bytes.
struct body {
    uint64_t words[MESSAGE_BYTES / 8];
};

template <class Inspector>
typename Inspector::result_type
inspect(Inspector &f, body &b)
{
    auto &w = b.words;
    return f(caf::meta::type_name("body"), w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]);
}

using done_atom = caf::atom_constant<caf::atom("done")>;
using credit_atom = caf::atom_constant<caf::atom("credit")>;

caf::behavior echo(caf::event_based_actor *self);

// Asks `echo` so many times; whoever said so is told when it is done.
struct asker_state {
    int64_t left = 0;
    caf::actor echo, teller;
};

caf::behavior asker(caf::stateful_actor<asker_state> *self);

// Pours so many messages into the sink, at most two windows ahead of it.
struct source_state {
    int64_t left = 0;
    caf::actor sink, teller;
};

caf::behavior source(caf::stateful_actor<source_state> *self);
caf::behavior sink(caf::event_based_actor *self);

// Sends `what...` from outside of all actors, and waits for so many answers.
template <class... Ts>
double
timed(caf::actor_system &system, int answers, const caf::actor &to, Ts... what)
{
    caf::scoped_actor self{system};
    double begin = now_ns();
    self->send(to, what...);
    for (int i = 0; i < answers; i++)
        self->receive([](done_atom) {});
    return now_ns() - begin;
}

void caf_link_call();
void caf_link_oneway();
void caf_remote_spawn();
void caf_deliver_remote();
