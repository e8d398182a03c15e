%% link.erl - the rows between two nodes: distributed Erlang over TCP on loopback.
-module(link).
-export([run/2, serve/0]).
-import(measure, [elapsed/1, measure/3]).

-define(BODY, <<0:512>>).

serve() ->
    register(echo, spawn(fun echo/0)),
    register(sink, spawn(fun sink/0)),
    register(taker, spawn(fun taker/0)),
    io:format("ready~n").

echo() -> receive {From, Body} -> From ! Body, echo() end.

%% off_heap: a long queue is then not walked by the collector.
sink() -> process_flag(message_queue_data, off_heap), take_all().

take_all() ->
    receive
        {answer, From} -> From ! received;
        <<_:512>> -> ok
    end,
    take_all().

%% What gen_server:call does: a monitor and a reference around each question.
taker() ->
    receive {deliver, From, Ref, <<_:512>>} -> From ! {Ref, taken} end,
    taker().

run(Workload, Node) ->
    pong = net_adm:ping(Node),
    run_with(Workload, Node, fun(Name) -> erpc:call(Node, erlang, whereis, [Name]) end),
    erpc:cast(Node, erlang, halt, []),
    timer:sleep(200).

run_with(link_call, _, Find) ->
    Echo = Find(echo),
    measure(process, ns, fun(N) -> elapsed(fun() -> ask(Echo, N) end) end);
run_with(link_oneway, _, Find) ->
    Sink = Find(sink),
    measure(process, million_per_second, fun(N) -> elapsed(fun() -> pour(Sink, N) end) end);
run_with(deliver_remote, _, Find) ->
    Taker = Find(taker),
    measure(monitored_call, ns, fun(N) -> elapsed(fun() -> deliver(Taker, N) end) end);
run_with(remote_spawn, Node, _) ->
    measure(spawn_and_reply, ns, fun(N) -> elapsed(fun() -> spawn_there(Node, N) end) end),
    measure(erpc, ns, fun(N) -> elapsed(fun() -> call_there(Node, N) end) end).

ask(_, 0) -> ok;
ask(Echo, N) ->
    Echo ! {self(), ?BODY},
    receive <<_:512>> -> ask(Echo, N - 1) end.

pour(Sink, 0) ->
    Sink ! {answer, self()},
    receive received -> ok end;
pour(Sink, N) -> Sink ! ?BODY, pour(Sink, N - 1).

deliver(_, 0) -> ok;
deliver(Taker, N) ->
    Ref = monitor(process, Taker),
    Taker ! {deliver, self(), Ref, ?BODY},
    receive
        {Ref, taken} -> demonitor(Ref, [flush]);
        {'DOWN', Ref, _, _, Why} -> exit(Why)
    end,
    deliver(Taker, N - 1).

spawn_there(_, 0) -> ok;
spawn_there(Node, N) ->
    Me = self(),
    spawn(Node, fun() -> Me ! done end),
    receive done -> spawn_there(Node, N - 1) end.

call_there(_, 0) -> ok;
call_there(Node, N) -> erpc:call(Node, erlang, node, []), call_there(Node, N - 1).
