%% erlang_link.erl - what bench_link does, by distributed Erlang: 64 bytes between two nodes.
-module(erlang_link).
-export([serve/0, measure/1]).

-define(ONE_WAY, 300000).
-define(ROUND_TRIPS, 20000).

serve() ->
    register(echo, spawn(fun echo/0)),
    register(sink, spawn(fun() -> sink(0) end)),
    io:format("ready~n").

echo() -> receive {From, Body} -> From ! Body, echo() end.

sink(N) ->
    receive
        {count, From} -> From ! {count, N}, sink(0);
        _ -> sink(N + 1)
    end.

now_ns() -> erlang:monotonic_time(nanosecond).

measure([Server, Cpus]) ->
    Node = list_to_atom(Server),
    pong = net_adm:ping(Node),
    Body = <<0:512>>,
    Echo = rpc:call(Node, erlang, whereis, [echo]),
    Sink = rpc:call(Node, erlang, whereis, [sink]),
    print("oneway", Cpus, [one_way(Sink, Body) || _ <- lists:seq(1, 5)]),
    print("call", Cpus, [round_trip(Echo, Body) || _ <- lists:seq(1, 5)]),
    rpc:cast(Node, erlang, halt, []),
    timer:sleep(200),
    halt().

one_way(Sink, Body) ->
    Begin = now_ns(),
    send(Sink, Body, ?ONE_WAY),
    Sink ! {count, self()},
    receive {count, ?ONE_WAY} -> ok end,
    (now_ns() - Begin) / ?ONE_WAY.

send(_, _, 0) -> ok;
send(To, Body, N) -> To ! Body, send(To, Body, N - 1).

round_trip(Echo, Body) ->
    Begin = now_ns(),
    ask(Echo, Body, ?ROUND_TRIPS),
    (now_ns() - Begin) / ?ROUND_TRIPS.

ask(_, _, 0) -> ok;
ask(To, Body, N) -> To ! {self(), Body}, receive Body -> ask(To, Body, N - 1) end.

print(Name, Cpus, Values) ->
    [Min, _, Median, _, Max] = lists:sort(Values),
    io:format("{\"bench\":\"erlang.~s\",\"cpus\":~s,\"ns\":~.1f,\"ns_min\":~.1f,\"ns_max\":~.1f}~n",
              [Name, Cpus, Median, Min, Max]).
