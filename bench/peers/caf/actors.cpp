// actors.cpp - actors that more than one workload uses.
#include "caf.hpp"

using namespace caf;

namespace
{

constexpr int64_t window = 1000;

} // namespace

// The thread of a detached actor is its own, so that it may be pinned: by a message that says
// where.
behavior
echo(event_based_actor *)
{
    return {
        [](int cpu) { pin(cpu); },
        [](const body &b) { return b; },
    };
}

behavior
asker(stateful_actor<asker_state> *self)
{
    return {
        [](int cpu) { pin(cpu); },
        [=](int64_t count, const actor &echo) {
            self->state.left = count;
            self->state.echo = echo;
            self->state.teller = actor_cast<actor>(self->current_sender());
            self->send(echo, body{});
        },
        [=](const body &b) {
            if (--self->state.left > 0)
                self->send(self->state.echo, b);
            else
                self->send(self->state.teller, done_atom::value);
        },
    };
}

namespace
{

void
pour(stateful_actor<source_state> *self)
{
    auto &state = self->state;
    int64_t now = std::min(state.left, window);
    for (int64_t i = 0; i < now; i++)
        self->send(state.sink, body{});
    state.left -= now;
    self->send(state.sink, credit_atom::value);
}

} // namespace

behavior
source(stateful_actor<source_state> *self)
{
    return {
        [=](int64_t count, const actor &sink, const actor &teller) {
            self->state = {count, sink, teller};
            pour(self);
            pour(self); // one window on its way while the next is filled
        },
        [=](credit_atom) {
            if (self->state.left > 0)
                pour(self);
            else if (self->state.left-- == -1) // the answer to the last window
                self->send(self->state.teller, done_atom::value);
        },
    };
}

behavior
sink(event_based_actor *)
{
    return {
        [](int cpu) { pin(cpu); },
        [](const body &) {},
        [](credit_atom) { return credit_atom::value; },
    };
}
