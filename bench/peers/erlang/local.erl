%% local.erl - the rows that Erlang can do in one node.
%%
%% Processes are placed with spawn_opt(.., [{scheduler, N}]), schedulers are bound to CPUs by the
%% launcher. The body is a binary of 64 bytes, which lies in the receiver's heap.
-module(local).
-export([run/1, idle/0]).
-import(measure, [elapsed/1, measure/3, measure_fixed/4, on/2, print/3, scaled/1]).

-define(BODY, <<0:512>>).
-define(RING, 100).
-define(PRODUCERS, 8).
-define(SUBSCRIBERS, 1000).
-define(MILLION, 1000000).

run(pingpong_one) ->
    measure(process, ns, fun(N) -> pingpong(1, N div 2) end);
run(pingpong_two) ->
    measure(process, ns, fun(N) -> pingpong(2, N) end),
    %% A process that yields for ever on each scheduler keeps both awake.
    Spinners = [spawn_opt(fun spin/0, [{scheduler, S}, {priority, low}]) || S <- [1, 2]],
    measure(process_awake, ns, fun(N) -> pingpong(2, N) end),
    [exit(Spinner, kill) || Spinner <- Spinners];
run(pingpong_asleep) ->
    measure(process, ns, fun(N) -> pingpong(2, N) end);
run(stream) ->
    fan_in(1, 1, 2);
run(fan_in_one) ->
    fan_in(?PRODUCERS, 1, 1);
run(fan_in_two) ->
    fan_in(?PRODUCERS, 1, 2);
run(spawn) ->
    measure(one_by_one, million_per_second, fun(N) -> elapsed(fun() -> one_by_one(N) end) end),
    measure(burst, million_per_second, fun(N) -> elapsed(fun() -> burst(N) end) end);
run(idle_bytes) ->
    idle(process, fun() -> receive stop -> ok end end),
    idle(hibernated, fun() -> proc_lib:hibernate(?MODULE, idle, []) end);
run(ring_one) ->
    ring([1]);
run(ring_two) ->
    ring([1, 2]);
run(tree) ->
    measure_fixed(million, ms, fun(N) -> elapsed(fun() -> tree(N) end) end, ?MILLION);
run(timer_arm) ->
    timers(fun({Arm, _}) -> Arm end);
run(timer_cancel) ->
    timers(fun({_, Cancel}) -> Cancel end);
run(lookup) ->
    lookup();
run(channel) ->
    channel().

%% Round trips.

echo() ->
    receive {From, Body} -> From ! Body, echo() end.

ask(_, 0) -> ok;
ask(Echo, N) ->
    Echo ! {self(), ?BODY},
    receive <<_:512>> -> ask(Echo, N - 1) end.

pingpong(Scheduler, N) ->
    Echo = on(Scheduler, fun echo/0),
    Time = elapsed(fun() -> ask(Echo, N) end),
    exit(Echo, kill),
    Time.

spin() -> erlang:yield(), spin().

%% Many to one. off_heap: a long queue is then not walked by the collector.

fan_in(Producers, From, To) ->
    measure(process, million_per_second,
            fun(N) -> elapsed(fun() -> pour_all(Producers, From, To, N div Producers) end) end).

pour_all(Producers, From, To, Each) ->
    Me = self(),
    Sink = spawn_opt(fun() -> drain(Producers * Each), Me ! drained end,
                     [{scheduler, To}, {message_queue_data, off_heap}]),
    [on(From, fun() -> pour(Sink, Each) end) || _ <- lists:seq(1, Producers)],
    receive drained -> ok end.

drain(0) -> ok;
drain(N) -> receive <<_:512>> -> drain(N - 1) end.

pour(_, 0) -> ok;
pour(Sink, N) -> Sink ! ?BODY, pour(Sink, N - 1).

%% Spawning.

one_by_one(0) -> ok;
one_by_one(N) ->
    Me = self(),
    on(1, fun() -> Me ! done end),
    receive done -> one_by_one(N - 1) end.

burst(N) ->
    process_flag(message_queue_data, off_heap),
    Me = self(),
    [on(1, fun() -> Me ! done end) || _ <- lists:seq(1, N)],
    [receive done -> ok end || _ <- lists:seq(1, N)].

idle() -> receive stop -> ok end.

resident_bytes() ->
    {ok, File} = file:open("/proc/self/statm", [read, binary, raw]),
    {ok, Text} = file:read(File, 200),
    ok = file:close(File),
    [_, Resident | _] = binary:split(Text, <<" ">>, [global]),
    binary_to_integer(Resident) * 4096.

idle(Figure, Fun) ->
    N = scaled(?MILLION),
    erlang:garbage_collect(),
    Before = resident_bytes(),
    All = [spawn(Fun) || _ <- lists:seq(1, N)],
    settle(All, Figure),
    print(Figure, bytes, [(resident_bytes() - Before) / N]),
    [exit(Pid, kill) || Pid <- All],
    await_count(1000).

%% Until the last one waits where it is to wait.
settle(All, Figure) ->
    Wanted = case Figure of hibernated -> {erlang, hibernate, 3}; process -> waiting end,
    What = case Figure of hibernated -> current_function; process -> status end,
    [await_info(Pid, {What, Wanted}) || Pid <- All],
    timer:sleep(200).

await_info(Pid, {What, _} = Wanted) ->
    case process_info(Pid, What) of
        Wanted -> ok;
        _ -> timer:sleep(1), await_info(Pid, Wanted)
    end.

await_count(Most) ->
    case erlang:system_info(process_count) of
        N when N > Most -> timer:sleep(1), await_count(Most);
        _ -> ok
    end.

%% A hundred in a ring.

ring(Schedulers) ->
    All = [on(lists:nth(I rem length(Schedulers) + 1, Schedulers),
              fun() -> receive {next, Next} -> pass_on(Next) end end)
           || I <- lists:seq(1, ?RING)],
    [From ! {next, To} || {From, To} <- lists:zip(All, tl(All) ++ [hd(All)])],
    measure(process, ns, fun(N) ->
        elapsed(fun() -> hd(All) ! {N, self()}, receive arrived -> ok end end)
    end).

pass_on(Next) ->
    receive
        {0, Teller} -> Teller ! arrived;
        {N, Teller} -> Next ! {N - 1, Teller}
    end,
    pass_on(Next).

%% The tree of a million.

tree(N) ->
    Me = self(),
    spawn(fun() -> leaves(0, N, Me) end),
    Sum = N * (N - 1) div 2,
    receive {sum, Sum} -> ok end.

leaves(Number, 1, Up) ->
    Up ! {sum, Number};
leaves(Number, Size, Up) ->
    Me = self(),
    Part = Size div 10,
    [spawn(fun() -> leaves(Number + I * Part, Part, Me) end) || I <- lists:seq(0, 9)],
    Up ! {sum, lists:sum([receive {sum, X} -> X end || _ <- lists:seq(0, 9)])}.

%% A million timers. Cancelled in the order of arming or in a random one; without a reply and
%% without the rest of the time, which is the fast way.

timers(Which) ->
    measure_fixed(in_order, ns, fun(N) -> Which(arm_cancel(N, fun(L) -> L end)) end, ?MILLION),
    measure_fixed(random, ns, fun(N) -> Which(arm_cancel(N, fun shuffle/1)) end, ?MILLION).

arm_cancel(N, Order) ->
    Me = self(),
    Delays = Order([60000 + I rem 100000 || I <- lists:seq(1, N)]),
    Begin = erlang:monotonic_time(nanosecond),
    Timers = [erlang:send_after(Delay, Me, late) || Delay <- Delays],
    Armed = erlang:monotonic_time(nanosecond),
    Mixed = Order(Timers),
    Again = erlang:monotonic_time(nanosecond),
    [erlang:cancel_timer(T, [{async, true}, {info, false}]) || T <- Mixed],
    {Armed - Begin, erlang:monotonic_time(nanosecond) - Again}.

shuffle(List) ->
    [X || {_, X} <- lists:sort([{rand:uniform(), X} || X <- List])].

%% Names: alone, and on two CPUs while the other scheduler changes some.

lookup() ->
    register(bench_name, self()),
    yes = global:register_name(bench_name, self()),
    measure(whereis, ns, fun(N) -> elapsed(fun() -> whereis_all(N) end) end),
    measure(global, ns, fun(N) -> elapsed(fun() -> global_all(N) end) end),
    case erlang:system_info(schedulers) of
        1 -> ok;
        2 -> on(2, fun change/0),
             measure(whereis_contended, ns, fun(N) -> elapsed(fun() -> whereis_all(N) end) end)
    end.

whereis_all(0) -> ok;
whereis_all(N) -> true = is_pid(whereis(bench_name)), whereis_all(N - 1).

global_all(0) -> ok;
global_all(N) -> true = is_pid(global:whereis_name(bench_name)), global_all(N - 1).

change() -> register(changing, self()), unregister(changing), change().

%% One to many: pg.

channel() ->
    {ok, _} = pg:start_link(),
    Count = counters:new(1, []),
    Members = [on(1, fun() -> member(Count) end) || _ <- lists:seq(1, ?SUBSCRIBERS)],
    ok = pg:join(bench_group, Members),
    measure(pg, ns, fun(N) -> elapsed(fun() -> publish(N div ?SUBSCRIBERS) end) end).

%% Like ours: the last to have received tells the publisher.
member(Count) ->
    receive
        {Publisher, <<_:512>>} ->
            counters:add(Count, 1, 1),
            case counters:get(Count, 1) rem ?SUBSCRIBERS of
                0 -> Publisher ! received;
                _ -> ok
            end
    end,
    member(Count).

publish(0) -> ok;
publish(N) ->
    Message = {self(), ?BODY},
    [Member ! Message || Member <- pg:get_members(bench_group)],
    receive received -> publish(N - 1) end.
