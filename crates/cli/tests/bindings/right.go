// Go's own structure, in slices too, whose names have it in them.
package main

import (
	"fmt"
	"syscall"
)

func main() {
	events := make([]syscall.EpollEvent, 4)
	epoll, _ := syscall.EpollCreate1(0)
	syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, 0, &events[0])
	count, _ := syscall.EpollWait(epoll, events, 0)
	fmt.Println(count, events)
}
