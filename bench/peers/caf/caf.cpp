// caf.cpp - the rows that the C++ Actor Framework can do.
//
// Debian's CAF is 0.17.6. Work-stealing scheduler with a thread per CPU; what must run on a
// certain CPU is a detached actor, whose thread is pinned. Timers cannot be cancelled one by
// one, so there is no row for that.
#include "caf.hpp"

#include <atomic>
#include <thread>
#include <unistd.h>

using namespace caf;

namespace
{

constexpr size_t million = 1000000;

// A system whose scheduler has as many threads as there are CPUs; made once per run.
actor_system &
system_with(size_t threads)
{
    static actor_system_config config;
    config.set("scheduler.max-threads", threads);
    config.set("logger.verbosity", atom("quiet"));
    static actor_system system{config};
    return system;
}

actor_system &
here()
{
    return system_with(static_cast<size_t>(cpus()));
}

// One worker on the first CPU; what is detached goes to the second.
actor_system &
here_and_detached()
{
    pin(0);
    return system_with(1);
}

double
ping_here(long count)
{
    static actor a = here().spawn(asker), b = here().spawn(echo);
    return timed(here(), 1, a, static_cast<int64_t>(count / 2), b); // two there and back
}

double
ping_across(long count)
{
    static actor a = here_and_detached().spawn<detached>(asker);
    static actor b = here_and_detached().spawn<detached>(echo);
    anon_send(a, 0);
    anon_send(b, other_cpu());
    return timed(here_and_detached(), 1, a, static_cast<int64_t>(count), b);
}

void
pingpong_one()
{
    measure("actor", NS, ping_here);
}

void
pingpong_two()
{
    measure("detached", NS, ping_across);
}

double
fan_in(actor_system &system, const actor &to, int sources, long count)
{
    scoped_actor self{system};
    double begin = now_ns();
    for (int i = 0; i < sources; i++)
        self->send(system.spawn(source), static_cast<int64_t>(count / sources), to,
                   actor_cast<actor>(self));
    for (int i = 0; i < sources; i++)
        self->receive([](done_atom) {});
    return now_ns() - begin;
}

const actor &
sink_there()
{
    static actor there = here_and_detached().spawn<detached>(sink);
    anon_send(there, other_cpu());
    return there;
}

double
stream_across(long count)
{
    return fan_in(here_and_detached(), sink_there(), 1, count);
}

double
fan_in_across(long count)
{
    return fan_in(here_and_detached(), sink_there(), PRODUCERS, count);
}

double
fan_in_here(long count)
{
    static actor to = here().spawn(sink);
    return fan_in(here(), to, PRODUCERS, count);
}

void
stream()
{
    measure("window", MILLION_PER_SECOND, stream_across);
}

void
fan_in_one()
{
    measure("window", MILLION_PER_SECOND, fan_in_here);
}

void
fan_in_two()
{
    measure("window", MILLION_PER_SECOND, fan_in_across);
}

void
brief(event_based_actor *self, const actor &parent)
{
    self->send(parent, done_atom::value);
}

struct parent_state {
    int64_t left = 0, ahead = 0;
    actor teller;
};

// Spawns the next when one has ended, or (`ahead`) all of them before it hears of any.
behavior
parent(stateful_actor<parent_state> *self)
{
    auto child = [=] { self->spawn(brief, actor_cast<actor>(self)); };
    return {
        [=](int64_t count, int64_t ahead) {
            self->state = {count, count - ahead, actor_cast<actor>(self->current_sender())};
            for (int64_t i = 0; i < ahead; i++)
                child();
        },
        [=](done_atom) {
            if (self->state.ahead-- > 0)
                child();
            if (--self->state.left == 0)
                self->send(self->state.teller, done_atom::value);
        },
    };
}

double
one_by_one(long count)
{
    static actor a = here().spawn(parent);
    return timed(here(), 1, a, static_cast<int64_t>(count), int64_t{1});
}

double
burst(long count)
{
    static actor a = here().spawn(parent);
    return timed(here(), 1, a, static_cast<int64_t>(count), static_cast<int64_t>(count));
}

void
spawn()
{
    measure("one_by_one", MILLION_PER_SECOND, one_by_one);
    measure("burst", MILLION_PER_SECOND, burst);
}

std::atomic<size_t> alive;

behavior
idler(event_based_actor *)
{
    alive++;
    return {[](done_atom) {}};
}

void
idle_bytes()
{
    auto count = static_cast<size_t>(scaled(million));
    std::vector<actor> all(count);
    actor_system &system = here();
    long before = resident_bytes();
    for (actor &a : all)
        a = system.spawn(idler);
    while (alive != count)
        usleep(10000);
    print_value("actor", BYTES_EACH,
                static_cast<double>(resident_bytes() - before) / static_cast<double>(count));
    _exit(0); // a million actors take long to end one by one
}

struct ring_state {
    actor next, teller;
};

behavior
pass_on(stateful_actor<ring_state> *self, int cpu)
{
    return {
        [=](const actor &next) {
            self->state.next = next;
            if (cpu >= 0)
                pin(cpu);
        },
        [=](int64_t left, const actor &teller) {
            if (left > 0)
                self->send(self->state.next, left - 1, teller);
            else
                self->send(teller, done_atom::value);
        },
    };
}

const actor &
ring_of(bool across)
{
    static std::vector<actor> all;
    if (!all.empty())
        return all[0];
    for (int i = 0; i < RING_SIZE; i++)
        all.push_back(across ? here_and_detached().spawn<detached>(pass_on, i % 2)
                             : here().spawn(pass_on, -1));
    for (size_t i = 0; i < RING_SIZE; i++)
        anon_send(all[i], all[(i + 1) % RING_SIZE]);
    return all[0];
}

double
ring_from(actor_system &system, const actor &first, long count)
{
    scoped_actor self{system};
    double begin = now_ns();
    self->send(first, static_cast<int64_t>(count), actor_cast<actor>(self));
    self->receive([](done_atom) {});
    return now_ns() - begin;
}

double
ring_here(long count)
{
    return ring_from(here(), ring_of(false), count);
}

double
ring_across(long count)
{
    return ring_from(here_and_detached(), ring_of(true), count);
}

void
ring_one()
{
    measure("actor", NS, ring_here);
}

void
ring_two()
{
    measure("detached", NS, ring_across);
}

struct tree_state {
    int64_t sum = 0;
    int left = TREE_WIDTH;
};

behavior
branch(stateful_actor<tree_state> *self, const actor &up, int64_t number, int64_t size)
{
    if (size == 1) {
        self->send(up, number);
        return {};
    }
    size /= TREE_WIDTH;
    for (int i = 0; i < TREE_WIDTH; i++)
        self->spawn(branch, actor_cast<actor>(self), number + i * size, size);
    return {
        [=](int64_t value) {
            self->state.sum += value;
            if (--self->state.left > 0)
                return;
            self->send(up, self->state.sum);
            self->quit();
        },
    };
}

double
grow_tree(long count)
{
    scoped_actor self{here()};
    auto size = static_cast<int64_t>(count);
    double begin = now_ns();
    here().spawn(branch, actor_cast<actor>(self), int64_t{0}, size);
    self->receive([=](int64_t sum) { want("sum", sum == size * (size - 1) / 2); });
    return now_ns() - begin;
}

void
tree()
{
    measure_fixed("million", MS, grow_tree, TREE_LEAVES);
}

// The clock's own interface: it hands the work to its thread by a short queue, so that what is
// measured is done when the next comes.
double
arm_timers(long count)
{
    static actor a = here().spawn(idler);
    auto &clock = here().clock();
    auto soon = clock.now() + std::chrono::minutes(1);
    double begin = now_ns();
    for (long i = 0; i < count; i++)
        clock.schedule_message(
            soon + std::chrono::milliseconds(i % 100000), actor_cast<strong_actor_ptr>(a),
            make_mailbox_element(nullptr, make_message_id(), {}, done_atom::value));
    double ns = now_ns() - begin;
    clock.cancel_all();
    return ns;
}

void
timer_arm()
{
    measure_fixed("in_order", NS, arm_timers, scaled(million));
}

double
find_name(long count)
{
    auto &names = here().registry();
    double begin = now_ns();
    for (long i = 0; i < count; i++)
        want("name", names.get(atom("bench")) != nullptr);
    return now_ns() - begin;
}

// Alone, and while another CPU changes names.
void
lookup()
{
    auto &names = here().registry();
    actor a = here().spawn(idler);
    pin(0);
    names.put(atom("bench"), a);
    measure("registry", NS, find_name);
    if (cpus() == 1)
        return;
    std::thread changer([&names, a] {
        pin(other_cpu());
        for (;;) {
            names.put(atom("changing"), a);
            names.erase(atom("changing"));
        }
    });
    changer.detach();
    measure("registry_contended", NS, find_name);
}

std::atomic<long> received;
actor publisher;

behavior
subscriber(event_based_actor *self)
{
    return {[=](const body &) {
        if (++received % SUBSCRIBERS == 0)
            self->send(publisher, done_atom::value);
    }};
}

group news;

double
publish(long count)
{
    scoped_actor self{here()};
    publisher = actor_cast<actor>(self);
    double begin = now_ns();
    for (long i = 0; i < count; i += SUBSCRIBERS) {
        self->send(news, body{});
        self->receive([](done_atom) {});
    }
    return now_ns() - begin;
}

void
channel()
{
    news = here().groups().anonymous();
    for (int i = 0; i < SUBSCRIBERS; i++)
        here().spawn_in_group(news, subscriber);
    measure("group", NS, publish);
}

const workload workloads[] = {
    {"pingpong_one", 1, pingpong_one},
    {"pingpong_two", 2, pingpong_two},
    {"pingpong_asleep", 2, pingpong_two},
    {"stream", 2, stream},
    {"fan_in_one", 1, fan_in_one},
    {"fan_in_two", 2, fan_in_two},
    {"spawn", 1, spawn},
    {"idle_bytes", 1, idle_bytes},
    {"ring_one", 1, ring_one},
    {"ring_two", 2, ring_two},
    {"tree", 3, tree},
    {"timer_arm", 1, timer_arm},
    {"lookup", 3, lookup},
    {"channel", 1, channel},
    {"link_call", 3, caf_link_call},
    {"link_oneway", 3, caf_link_oneway},
    {"remote_spawn", 3, caf_remote_spawn},
    {"deliver_remote", 3, caf_deliver_remote},
    {nullptr, 0, nullptr},
};

} // namespace

int
main(int argc, char **argv)
{
    int status = contest(argc, argv, "caf", workloads);
    fflush(stdout);
    _exit(status); // the actors above live as long as the program
}
