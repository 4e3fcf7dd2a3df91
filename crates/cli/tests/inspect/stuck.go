// Stuck in one way, as stuck.c, by system calls of its own and not by Go's poller: `stuck WAY` says "stuck" when it is,
// and at SIGTERM what it has seen.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	in      = syscall.EPOLLIN
	out     = syscall.EPOLLOUT
	et      = 1 << 31
	oneshot = syscall.EPOLLONESHOT
)

var (
	epfd                   int
	interrupted, delivered int64
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func stuck() { fmt.Println("stuck") }

//go:noinline
func turn(timeout int) int {
	events := make([]syscall.EpollEvent, 16)
	count, err := syscall.EpollWait(epfd, events, timeout)
	if err == syscall.EINTR {
		atomic.AddInt64(&interrupted, 1)
	} else if count > 0 {
		atomic.AddInt64(&delivered, int64(count))
	}
	return count
}

//go:noinline
func loop(timeout int) {
	stuck()
	for {
		turn(timeout)
	}
}

func add(fd int, events uint32) {
	event := syscall.EpollEvent{Events: events, Fd: int32(fd)}
	must(syscall.EpollCtl(epfd, syscall.EPOLL_CTL_ADD, fd, &event))
}

// Our end of a connection, out of Go's own poller, and the other end.
func connection() (int, *os.File) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	peer, err := net.Dial("tcp", listener.Addr().String())
	must(err)
	ours, err := listener.Accept()
	must(err)
	return file(ours, true), os.NewFile(uintptr(file(peer, false)), "peer")
}

func file(conn io.Closer, nonblock bool) int {
	file, err := conn.(interface{ File() (*os.File, error) }).File()
	must(err)
	fd, err := syscall.Dup(int(file.Fd()))
	must(err)
	must(syscall.SetNonblock(fd, nonblock))
	file.Close()
	conn.Close()
	return fd
}

func registered(events uint32, text string) (int, *os.File) {
	fd, peer := connection()
	add(fd, events)
	_, err := peer.Write([]byte(text))
	must(err)
	return fd, peer
}

func take(fd, size int) {
	turn(-1)
	_, err := syscall.Read(fd, make([]byte, size))
	must(err)
}

var ways = map[string]func(){
	"edge":    func() { fd, _ := registered(in|et, "0123456789"); take(fd, 4); loop(-1) },
	"oneshot": func() { fd, _ := registered(in|oneshot, "0123456789"); take(fd, 4); loop(-1) },
	"edge_unix": func() {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
		must(err)
		add(pair[0], in|et)
		syscall.Write(pair[1], []byte("0123456789"))
		take(pair[0], 4)
		loop(-1)
	},
	"eof":        func() { _, peer := registered(syscall.EPOLLPRI, ""); peer.Close(); loop(-1) },
	"eof_edge":   func() { _, peer := registered(in|et, ""); peer.Close(); turn(-1); loop(-1) },
	"ghost":      func() { fd, _ := registered(in, "x"); syscall.Dup(fd); syscall.Close(fd); loop(-1) },
	"close_wait": func() { _, peer := registered(in, ""); peer.Close(); loop(-1) },
	"unread":     func() { registered(in, "x"); loop(-1) },
	"eventfd": func() {
		fd, _, _ := syscall.RawSyscall(syscall.SYS_EVENTFD2, 1, 0, 0)
		add(int(fd), in)
		loop(-1)
	},
	"out":  func() { registered(in|out, ""); loop(-1) },
	"zero": func() { registered(in, ""); loop(0) },
	"reset": func() {
		_, peer := registered(0, "")
		must(syscall.SetsockoptLinger(int(peer.Fd()), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}))
		peer.Close()
		loop(-1)
	},
	"blocking": func() {
		fd, _ := registered(in, "")
		must(syscall.SetNonblock(fd, false))
		stuck()
		blocked(fd)
	},
	"elsewhere": func() {
		registered(in, "x")
		var mutex sync.Mutex
		mutex.Lock()
		go func() { time.Sleep(time.Hour); mutex.Unlock() }()
		stuck()
		mutex.Lock()
	},
	"sleeps": func() {
		registered(in, "x")
		stuck()
		hour := syscall.Timespec{Sec: 3600}
		syscall.Syscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&hour)), 0, 0)
	},
}

func init() {
	ways["edge_listener"] = func() {
		fd, address := listening()
		add(fd, in|et)
		defer dial(address).Close()
		defer dial(address).Close()
		turn(-1)
		_, _, err := syscall.Accept(fd)
		must(err)
		loop(-1)
	}
	ways["backlog"] = func() {
		fd, address := listening()
		add(fd, 0)
		defer dial(address).Close()
		loop(-1)
	}
	ways["accept_spin"] = func() {
		fd, address := listening()
		add(fd, in)
		defer dial(address).Close()
		for _, err := syscall.Dup(0); err == nil; _, err = syscall.Dup(0) {
			limit := syscall.Rlimit{Cur: 64, Max: 64}
			must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
		}
		stuck()
		for {
			turn(-1)
			syscall.Accept(fd)
		}
	}
	ways["ghost_fork"] = func() {
		fd, peer := registered(in, "")
		child(fd)
		peer.Write([]byte("x"))
		syscall.Close(fd)
		loop(-1)
	}
	ways["inherited"] = func() {
		registered(in, "")
		_, _, err := syscall.Syscall(syscall.SYS_FCNTL, uintptr(epfd), syscall.F_SETFD, 0)
		if err != 0 {
			panic(err)
		}
		child(epfd)
		loop(-1)
	}
	ways["crowd"] = func() {
		registered(in, "")
		go turn(-1)
		loop(-1)
	}
	ways["closed"] = func() {
		registered(in, "")
		go turn(-1)
		for !waits() {
			time.Sleep(time.Millisecond)
		}
		syscall.Close(epfd)
		stuck()
		select {}
	}
	ways["nobody_idle"] = func() {
		registered(in, "")
		stuck()
		select {}
	}
}

// Another program that has this descriptor, and no other; it ends with this one.
func child(fd int) {
	runtime.LockOSThread()
	files := make([]uintptr, fd+1)
	for i := range files {
		files[i] = ^uintptr(0)
	}
	files[fd] = uintptr(fd)
	path, err := exec.LookPath("sleep")
	must(err)
	end := syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	_, err = syscall.ForkExec(path, []string{"sleep", "1000"}, &syscall.ProcAttr{Files: files, Sys: &end})
	must(err)
}

// Whether a thread is in a wait on the epoll.
func waits() bool {
	texts, err := filepath.Glob("/proc/self/task/*/syscall")
	must(err)
	for _, text := range texts {
		words, _ := os.ReadFile(text)
		call := strings.Fields(string(words))
		is_wait := len(call) > 1 && (call[0] == "232" || call[0] == "281" || call[0] == "22")
		if is_wait && call[1] == fmt.Sprintf("%#x", epfd) {
			return true
		}
	}
	return false
}

func listening() (int, string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	address := listener.Addr().String()
	return file(listener, true), address
}

func dial(address string) net.Conn {
	peer, err := net.Dial("tcp", address)
	must(err)
	return peer
}

//go:noinline
func blocked(fd int) { syscall.Read(fd, make([]byte, 1)) }

func main() {
	var err error
	epfd, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	must(err)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		<-ended
		fmt.Printf("interrupted %d delivered %d\n", atomic.LoadInt64(&interrupted), atomic.LoadInt64(&delivered))
		os.Exit(0)
	}()
	ways[os.Args[1]]()
}
