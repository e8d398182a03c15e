// local.go - goroutines and channels in one process.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const (
	ringSize    = 100
	producers   = 8
	subscribers = 1000
	buffered    = 128 // best of 1, 128 and 4096 for a stream
	million     = 1000000
	treeWidth   = 10
)

type message struct{ words [messageBytes / 8]uint64 }

// pingpong sends there and back over unbuffered channels; each is called with the CPU.
func pingpong(count int, place func(cpu int)) time.Duration {
	there, back, result := make(chan message), make(chan message), make(chan time.Duration)
	go func() {
		place(1)
		for m := range there {
			back <- m
		}
	}()
	go func() {
		place(0)
		var m message
		begin := time.Now()
		for i := 0; i < count; i++ {
			there <- m
			m = <-back
		}
		result <- time.Since(begin)
		close(there)
	}()
	return <-result
}

func anywhere(int) {}

func pingpongOne() {
	measure("channel", "ns", func(count int) time.Duration {
		return pingpong(count/2, anywhere) // two messages there and back
	})
}

func pingpongTwo() {
	measure("locked", "ns", func(count int) time.Duration { return pingpong(count, lockTo) })
}

func fanIn(sources, count int, place func(cpu int)) time.Duration {
	c, result := make(chan message, buffered), make(chan uint64)
	each := count / sources
	begin := time.Now()
	go func() {
		place(1)
		sum := uint64(0)
		for i := 0; i < each*sources; i++ {
			m := <-c
			sum += m.words[0]
		}
		result <- sum
	}()
	for i := 0; i < sources; i++ {
		go func() {
			place(0)
			var m message
			for i := 0; i < each; i++ {
				m.words[0] = uint64(i)
				c <- m
			}
		}()
	}
	<-result
	return time.Since(begin)
}

func measureFanIn(figure string, sources int, place func(cpu int)) {
	measure(figure, "million_per_second", func(count int) time.Duration {
		return fanIn(sources, count, place)
	})
}

func stream() {
	measureFanIn("locked", 1, lockTo)
	measureFanIn("free", 1, anywhere)
}

func fanInOne() { measureFanIn("channel", producers, anywhere) }

func fanInTwo() {
	measureFanIn("locked", producers, lockTo)
	measureFanIn("free", producers, anywhere)
}

func spawn() {
	measure("one_by_one", "million_per_second", func(count int) time.Duration {
		c := make(chan int)
		begin := time.Now()
		for i := 0; i < count; i++ {
			go func() { c <- 1 }()
			<-c
		}
		return time.Since(begin)
	})
	measure("burst", "million_per_second", func(count int) time.Duration {
		var all sync.WaitGroup
		all.Add(count)
		begin := time.Now()
		for i := 0; i < count; i++ {
			go func() { all.Done() }()
		}
		all.Wait()
		return time.Since(begin)
	})
}

func residentBytes() int {
	text, err := os.ReadFile("/proc/self/statm")
	check(err)
	var total, resident int
	_, err = fmt.Sscan(string(text), &total, &resident)
	check(err)
	return resident * os.Getpagesize()
}

// idleBytes is what a goroutine costs that waits at a channel of its own.
func idleBytes() {
	count := million * scale / 100
	channels := make([]chan message, count)
	for i := range channels {
		channels[i] = nil // touched before, so not counted
	}
	runtime.GC()
	before := residentBytes()
	for i := range channels {
		c := make(chan message)
		channels[i] = c
		go func() { <-c }()
	}
	time.Sleep(300 * time.Millisecond)
	head("goroutine")
	fmt.Printf(",\"bytes\":%.1f}\n", float64(residentBytes()-before)/float64(count))
	runtime.KeepAlive(channels)
}

func passOn(in, out chan int, done chan bool, cpu int, place func(cpu int)) {
	place(cpu)
	for left := range in {
		if left == 0 {
			done <- true
		} else {
			out <- left - 1
		}
	}
}

func ring(figure string, place func(cpu int)) {
	channels, done := make([]chan int, ringSize), make(chan bool)
	for i := range channels {
		channels[i] = make(chan int)
	}
	for i := range channels {
		go passOn(channels[i], channels[(i+1)%ringSize], done, i%2, place)
	}
	measure(figure, "ns", func(count int) time.Duration {
		begin := time.Now()
		channels[0] <- count
		<-done
		return time.Since(begin)
	})
}

func ringOne() { ring("channel", anywhere) }

func ringTwo() { ring("locked", lockTo) }

func leaves(up chan int, number, size int) {
	if size == 1 {
		up <- number
		return
	}
	results, sum := make(chan int), 0
	size /= treeWidth
	for i := 0; i < treeWidth; i++ {
		go leaves(results, number+i*size, size)
	}
	for i := 0; i < treeWidth; i++ {
		sum += <-results
	}
	up <- sum
}

func tree() {
	measureFixed("million", "ms", func(count int) time.Duration {
		up := make(chan int)
		begin := time.Now()
		go leaves(up, 0, count)
		if <-up != count*(count-1)/2 {
			panic("wrong sum")
		}
		return time.Since(begin)
	}, million)
}

// timers arms a million, then stops them all; in the order of memory, or in random orders.
func timers(random bool) (arm, cancel time.Duration) {
	all, order := make([]*time.Timer, million), make([]int, million)
	for i := range order {
		order[i] = i
	}
	shuffle := func() {
		if random {
			rand.Shuffle(million, func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
	}
	shuffle()
	begin := time.Now()
	for i, at := range order {
		after := time.Minute + time.Duration(i%100000)*time.Millisecond
		all[at] = time.AfterFunc(after, func() {})
	}
	arm = time.Since(begin)
	shuffle()
	begin = time.Now()
	for _, at := range order {
		all[at].Stop()
	}
	return arm, time.Since(begin)
}

func measureTimers(which func(arm, cancel time.Duration) time.Duration) {
	for _, random := range []bool{false, true} {
		figure := map[bool]string{false: "in_order", true: "random"}[random]
		measureFixed(figure, "ns", func(int) time.Duration { return which(timers(random)) },
			million)
	}
}

func timerArm() {
	measureTimers(func(arm, _ time.Duration) time.Duration { return arm })
}

func timerCancel() {
	measureTimers(func(_, cancel time.Duration) time.Duration { return cancel })
}

// lookup finds one of 1000 names in a sync.Map, alone and while another CPU changes it.
func lookup() {
	var names sync.Map
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = "task-" + strconv.Itoa(i)
		names.Store(keys[i], &keys[i])
	}
	find := func(count int) time.Duration {
		begin := time.Now()
		for i, at := 0, uint32(1); i < count; i++ {
			at = at*1664525 + 1013904223
			if _, found := names.Load(keys[(at>>8)%1000]); !found {
				panic("a name is missing")
			}
		}
		return time.Since(begin)
	}
	measure("sync_map", "ns", find)
	if cpus == 1 {
		return
	}
	go func() {
		for {
			names.Store("changing", &keys)
			names.Delete("changing")
		}
	}()
	measure("sync_map_contended", "ns", find)
}

func channel() {
	var all sync.WaitGroup
	channels := make([]chan message, subscribers)
	for i := range channels {
		c := make(chan message, 1)
		channels[i] = c
		go func() {
			for range c {
				all.Done()
			}
		}()
	}
	measure("each", "ns", func(count int) time.Duration {
		var m message
		begin := time.Now()
		for i := 0; i < count; i += subscribers {
			all.Add(subscribers)
			for _, c := range channels {
				c <- m
			}
			all.Wait()
		}
		return time.Since(begin)
	})
}
