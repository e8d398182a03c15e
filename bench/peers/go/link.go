// link.go - between two processes over TCP on loopback: bare messages, and calls by net/rpc.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

const (
	answer = 1 // the first byte of a message that wants an echo
	buffer = 64 << 10
)

// Task is what net/rpc calls: each call runs in a goroutine of its own.
type Task struct{}

// Run takes a message and returns one.
func (Task) Run(m [messageBytes]byte, reply *[messageBytes]byte) error {
	*reply = m
	return nil
}

// Take takes a message and says only that it has it.
func (Task) Take(_ [messageBytes]byte, taken *bool) error {
	*taken = true
	return nil
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	return listener
}

func echo(c net.Conn) {
	in := bufio.NewReaderSize(c, buffer)
	var m [messageBytes]byte
	for {
		if _, err := io.ReadFull(in, m[:]); err != nil {
			return
		}
		if m[0] == answer {
			_, err := c.Write(m[:])
			check(err)
		}
	}
}

// serve is the other process; it ends when its standard input does.
func serve(cpu string) {
	confine(cpu)
	runtime.GOMAXPROCS(1)
	bare, calls := listen(), listen()
	check(rpc.Register(Task{}))
	go rpc.Accept(calls)
	go func() {
		for {
			c, err := bare.Accept()
			check(err)
			go echo(c)
		}
	}()
	fmt.Println(bare.Addr(), calls.Addr())
	_, err := io.Copy(io.Discard, os.Stdin)
	check(err)
}

// startServer returns where it listens, and what ends it.
func startServer() (bare, calls string, stop func()) {
	self, err := os.Executable()
	check(err)
	server := exec.Command(self, "--serve", fmt.Sprint(cpus-1))
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	check(err)
	out, err := server.StdoutPipe()
	check(err)
	check(server.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	check(err)
	at := strings.Fields(line)
	return at[0], at[1], func() {
		check(in.Close())
		check(server.Wait())
	}
}

// onConnection measures with a connection; net sets TCP_NODELAY by itself.
func onConnection(figure, unit string, w func(c net.Conn, count int)) {
	bare, _, stop := startServer()
	c, err := net.Dial("tcp", bare)
	check(err)
	measure(figure, unit, func(count int) time.Duration {
		begin := time.Now()
		w(c, count)
		return time.Since(begin)
	})
	check(c.Close())
	stop()
}

func linkCall() {
	onConnection("net", "ns", func(c net.Conn, count int) {
		m := [messageBytes]byte{answer}
		for i := 0; i < count; i++ {
			_, err := c.Write(m[:])
			check(err)
			_, err = io.ReadFull(c, m[:])
			check(err)
		}
	})
}

func linkOneway() {
	onConnection("net_bufio", "million_per_second", func(c net.Conn, count int) {
		var m [messageBytes]byte
		out := bufio.NewWriterSize(c, buffer)
		for i := 1; i <= count; i++ {
			if i == count {
				m[0] = answer
			}
			_, err := out.Write(m[:])
			check(err)
		}
		check(out.Flush())
		_, err := io.ReadFull(c, m[:])
		check(err)
	})
}

func onCalls(method string, reply func() any) {
	_, calls, stop := startServer()
	client, err := rpc.Dial("tcp", calls)
	check(err)
	measure("rpc", "ns", func(count int) time.Duration {
		var m [messageBytes]byte
		begin := time.Now()
		for i := 0; i < count; i++ {
			check(client.Call(method, m, reply()))
		}
		return time.Since(begin)
	})
	check(client.Close())
	stop()
}

func remoteSpawn() {
	onCalls("Task.Run", func() any { return new([messageBytes]byte) })
}

func deliverRemote() {
	onCalls("Task.Take", func() any { return new(bool) })
}
