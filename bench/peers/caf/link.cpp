// link.cpp - between two processes: actors published by the middleman, over TCP on loopback.
#include "caf.hpp"

#include <caf/io/all.hpp>
#include <unistd.h>

using namespace caf;

namespace
{

struct options : actor_system_config {
    options()
    {
        load<io::middleman>();
        add_message_type<body>("body");
        add_actor_type("echo", echo);
        set("scheduler.max-threads", size_t{1});
        set("scheduler.policy", atom("sharing")); // a thief sleeps 50 us between two looks
        set("logger.verbosity", atom("quiet"));
    }
};

struct ports {
    uint16_t echo, sink;
};

void
serve(int tell)
{
    options config;
    actor_system system{config};
    auto publish = [&](const actor &a) {
        auto port = system.middleman().publish(a, 0, "127.0.0.1");
        want("publish", static_cast<bool>(port));
        return *port;
    };
    actor e = system.spawn(echo), s = system.spawn(sink);
    ports at = {publish(e), publish(s)};
    want("tell", write(tell, &at, sizeof at) == sizeof at);
    pause();
}

ports at;

actor_system &
here()
{
    static options config;
    static actor_system system{config};
    return system;
}

actor
there(uint16_t port)
{
    auto found = here().middleman().remote_actor("127.0.0.1", port);
    want("remote actor", static_cast<bool>(found));
    return *found;
}

double
call(long count)
{
    static actor echo = there(at.echo), ask = here().spawn(asker);
    return timed(here(), 1, ask, static_cast<int64_t>(count), echo);
}

// With an answer that is waited for by name, which is how CAF says that something arrived.
struct deliverer_state {
    int64_t left = 0;
    actor teller;
};

void
deliver_next(stateful_actor<deliverer_state> *self, const actor &to)
{
    if (self->state.left-- == 0)
        self->send(self->state.teller, done_atom::value);
    else
        self->request(to, infinite, body{}).then([=](const body &) { deliver_next(self, to); });
}

behavior
deliverer(stateful_actor<deliverer_state> *self)
{
    return {[=](int64_t count, const actor &to) {
        self->state = {count, actor_cast<actor>(self->current_sender())};
        deliver_next(self, to);
    }};
}

double
deliver(long count)
{
    static actor echo = there(at.echo), d = here().spawn(deliverer);
    return timed(here(), 1, d, static_cast<int64_t>(count), echo);
}

double
one_way(long count)
{
    static actor sink = there(at.sink);
    scoped_actor self{here()};
    double begin = now_ns();
    self->send(here().spawn(source), static_cast<int64_t>(count), sink,
               actor_cast<actor>(self));
    self->receive([](done_atom) {});
    return now_ns() - begin;
}

double
spawn_there(long count)
{
    static actor echo = there(at.echo);
    double begin = now_ns();
    for (long i = 0; i < count; i++) {
        auto a = here().middleman().remote_spawn<actor>(echo.node(), "echo", message{},
                                                        std::chrono::seconds(10));
        want("spawn", static_cast<bool>(a));
        anon_send_exit(*a, exit_reason::kill);
    }
    return now_ns() - begin;
}

void
between(const char *figure, enum unit unit, work_fn *work)
{
    pid_t server = start_server(serve, &at, sizeof at);
    measure(figure, unit, work);
    stop_server(server);
}

} // namespace

void
caf_link_call()
{
    between("basp", NS, call);
}

void
caf_link_oneway()
{
    between("basp_window", MILLION_PER_SECOND, one_way);
}

void
caf_remote_spawn()
{
    between("basp", NS, spawn_there);
}

void
caf_deliver_remote()
{
    between("request", NS, deliver);
}
