%% measure.erl - repetitions, medians and arguments of the rows in Erlang.
-module(measure).
-export([start/0, serve/0, elapsed/1, measure/3, measure_fixed/4, on/2, print/3, scaled/1]).

-define(RUNS, 3).
-define(RUN_NS, 400000000).
-define(LONG_ENOUGH_NS, 20000000).

%% Called by the launcher: -extra WORKLOAD CPUS SCALE [NODE-OF-THE-SERVER].
start() ->
    [Name, Cpus, Scale | Server] = init:get_plain_arguments(),
    Workload = list_to_atom(Name),
    persistent_term:put(bench_run, {Name, Cpus, list_to_integer(Scale)}),
    case Server of
        [] -> local:run(Workload);
        [Node] -> link:run(Workload, list_to_atom(Node))
    end,
    halt().

serve() -> link:serve().

scaled(N) ->
    {_, _, Scale} = persistent_term:get(bench_run),
    N * Scale div 100.

on(Scheduler, Fun) -> spawn_opt(Fun, [{scheduler, Scheduler}]).

elapsed(Fun) ->
    Begin = erlang:monotonic_time(nanosecond),
    Fun(),
    erlang:monotonic_time(nanosecond) - Begin.

%% In a process of its own on the first scheduler, so that each begins with a fresh heap.
apart(Work, N) ->
    {Pid, Ref} = spawn_opt(fun() -> exit({took, Work(N)}) end, [monitor, {scheduler, 1}]),
    receive {'DOWN', Ref, process, Pid, {took, Time}} -> Time end.

%% Finds how many take long enough, and repeats that.
measure(Figure, Unit, Work) ->
    measure_fixed(Figure, Unit, Work, enough(Work, 1000)).

enough(Work, N) ->
    case apart(Work, N) of
        Time when Time < ?LONG_ENOUGH_NS -> enough(Work, N * 4);
        Time -> scaled(N * ?RUN_NS div Time) + 1
    end.

measure_fixed(Figure, Unit, Work, N) ->
    apart(Work, N),
    print(Figure, Unit, [in_unit(Unit, apart(Work, N), N) || _ <- lists:seq(1, ?RUNS)]).

in_unit(ns, Time, N) -> Time / N;
in_unit(ms, Time, _) -> Time / 1000000;
in_unit(million_per_second, Time, N) -> N * 1000 / Time.

print(Figure, Unit, Values) ->
    {Name, Cpus, _} = persistent_term:get(bench_run),
    Sorted = lists:sort(Values),
    io:format("{\"bench\":\"~s.~s\",\"who\":\"erlang\",\"cpus\":~s,\"~s\":~.2f",
              [Name, Figure, Cpus, Unit, lists:nth(length(Values) div 2 + 1, Sorted) * 1.0]),
    case Values of
        [_] -> ok;
        _ -> io:format(",\"~s_min\":~.2f,\"~s_max\":~.2f",
                       [Unit, hd(Sorted) * 1.0, Unit, lists:last(Sorted) * 1.0])
    end,
    io:format("}~n").
