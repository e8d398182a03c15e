// main.go - the rows that Go can do: goroutines and channels, net for links, net/rpc for calls.
//
// GOMAXPROCS is the number of CPUs and the process is confined to them; the collector is as it
// comes. Figures called `locked` tie each goroutine to a thread and the threads to different
// CPUs, so that each message crosses; `free` leaves the runtime the choice, and it may put all
// on one thread.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const (
	runs         = 3
	runTime      = 400 * time.Millisecond
	longEnough   = 20 * time.Millisecond
	messageBytes = 64
)

// work does something so many times and returns how long that took.
type work func(count int) time.Duration

type workload struct {
	name    string
	needs   int // numbers of CPUs it can use: 1 | 2
	measure func()
}

var workloads = []workload{
	{"pingpong_one", 1, pingpongOne},
	{"pingpong_two", 2, pingpongTwo},
	{"pingpong_asleep", 2, pingpongTwo}, // who waits at a channel sleeps
	{"stream", 2, stream},
	{"fan_in_one", 1, fanInOne},
	{"fan_in_two", 2, fanInTwo},
	{"spawn", 1, spawn},
	{"idle_bytes", 1, idleBytes},
	{"ring_one", 1, ringOne},
	{"ring_two", 2, ringTwo},
	{"tree", 3, tree},
	{"timer_arm", 1, timerArm},
	{"timer_cancel", 1, timerCancel},
	{"lookup", 3, lookup},
	{"channel", 1, channel},
	{"link_call", 3, linkCall},
	{"link_oneway", 3, linkOneway},
	{"remote_spawn", 3, remoteSpawn},
	{"deliver_remote", 3, deliverRemote},
}

var (
	running *workload
	cpus    int
	scale   = 100
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}

func head(figure string) {
	fmt.Printf(`{"bench":"%s.%s","who":"go","cpus":%d`, running.name, figure, cpus)
}

func inUnit(unit string, ns float64) float64 {
	switch unit {
	case "million_per_second":
		return 1e3 / ns
	case "ms":
		return ns / 1e6
	}
	return ns
}

func repeat(figure, unit string, w work, count, per int) {
	values := make([]float64, runs)
	for i := range values {
		runtime.GC()
		values[i] = inUnit(unit, float64(w(count).Nanoseconds())/float64(per))
	}
	sort.Float64s(values)
	head(figure)
	fmt.Printf(`,"%s":%.2f,"%s_min":%.2f,"%s_max":%.2f}`+"\n", unit, values[runs/2], unit,
		values[0], unit, values[runs-1])
}

// measure finds a count that takes long enough, and repeats it.
func measure(figure, unit string, w work) {
	count := 1000
	took := w(count)
	for took < longEnough {
		count *= 4
		took = w(count)
	}
	count = int(float64(count)*float64(runTime)/float64(took))*scale/100 + 1
	repeat(figure, unit, w, count, count)
}

func measureFixed(figure, unit string, w work, count int) {
	w(count)
	if unit == "ms" {
		repeat(figure, unit, w, count, 1)
	} else {
		repeat(figure, unit, w, count, count)
	}
}

// lockTo ties the goroutine to its thread, and that to a CPU.
func lockTo(cpu int) {
	runtime.LockOSThread()
	mask := uint64(1) << cpu
	_, _, err := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(mask),
		uintptr(unsafe.Pointer(&mask)))
	if err != 0 {
		check(err)
	}
}

// confine starts the program anew on its CPUs: the runtime has threads already.
func confine(set string) {
	if os.Getenv("PEERS_CPUS") == set {
		return
	}
	taskset, err := exec.LookPath("taskset")
	check(err)
	self, err := os.Executable()
	check(err)
	check(os.Setenv("PEERS_CPUS", set))
	arguments := append([]string{"taskset", "-c", set, self}, os.Args[1:]...)
	check(syscall.Exec(taskset, arguments, os.Environ()))
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: go --list | WORKLOAD [--cpus 1|2] [--scale PERCENT]")
	os.Exit(2)
}

func options(arguments []string) {
	if len(arguments)%2 != 0 {
		usage()
	}
	for i := 0; i < len(arguments); i += 2 {
		value, err := strconv.Atoi(arguments[i+1])
		check(err)
		switch arguments[i] {
		case "--cpus":
			cpus = value
		case "--scale":
			scale = value
		default:
			usage()
		}
	}
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	if os.Args[1] == "--list" {
		for _, w := range workloads {
			fmt.Println(w.name)
		}
		return
	}
	if os.Args[1] == "--serve" {
		serve(os.Args[2])
		return
	}
	for i := range workloads {
		if workloads[i].name == os.Args[1] {
			running = &workloads[i]
		}
	}
	if running == nil {
		usage()
	}
	cpus = 1 + running.needs/2
	options(os.Args[2:])
	if cpus < 1 || cpus > 2 || running.needs&cpus == 0 {
		usage()
	}
	between := running.name == "link_call" || running.name == "link_oneway" ||
		running.name == "remote_spawn" || running.name == "deliver_remote"
	if cpus == 1 || between {
		confine("0")
	} else {
		confine("0,1")
	}
	running.measure()
}
