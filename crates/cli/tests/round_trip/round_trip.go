// The emitted package: three pipes, one wait.
package main

import (
	"fmt"
	"os"
	"sort"
	"syscall"

	abi "roundtrip/epollabi"
)

const data = uint64(0xfedcba9876543210)

func check(condition bool, what ...any) {
	if !condition {
		fmt.Fprintln(os.Stderr, what...)
		os.Exit(1)
	}
}

func main() {
	epfd, err := abi.EpollCreate1(abi.EPOLL_CLOEXEC)
	check(err == nil, "EpollCreate1", err)
	var ends [2]int
	for i := uint64(0); i < 3; i++ {
		check(syscall.Pipe2(ends[:], 0) == nil, "pipe")
		_, err = syscall.Write(ends[1], []byte("x"))
		check(err == nil, "write", err)
		event := abi.EpollEvent{Events: abi.EPOLLIN | abi.EPOLLET}
		event.SetUint64(data + i)
		err = abi.EpollCtl(epfd, abi.EPOLL_CTL_ADD, ends[0], &event)
		check(err == nil, "add", err)
	}
	events := make([]abi.EpollEvent, 4)
	count, err := abi.EpollWait(epfd, events, 0)
	check(count == 3, "three deliveries", count, err)
	seen := []int{}
	for _, event := range events[:3] {
		check(event.Events == abi.EPOLLIN, "EPOLLIN", event.Events)
		seen = append(seen, int(event.Uint64()-data))
	}
	sort.Ints(seen)
	check(fmt.Sprint(seen) == "[0 1 2]", "all bits of the data", seen)
	count, err = abi.EpollWait(epfd, events, 0)
	check(count == 0, "edge-triggered: not again", count, err)

	event := abi.EpollEvent{Events: abi.EPOLLIN}
	event.SetFd(ends[0])
	check(abi.EpollCtl(epfd, abi.EPOLL_CTL_MOD, ends[0], &event) == nil, "modify")
	count, _ = abi.EpollWait(epfd, events, 0)
	check(count == 1 && events[0].Fd() == ends[0], "modified", count, events[0].Fd())
	check(abi.EpollCtl(epfd, abi.EPOLL_CTL_DEL, ends[0], nil) == nil, "delete")
	err = abi.EpollCtl(epfd, abi.EPOLL_CTL_DEL, ends[0], nil)
	check(err == syscall.ENOENT, "deleted twice", err)
	fmt.Println("round trip: ok")
}
