// A structure of the program's own: Go does not pack.
package main

import (
	"fmt"
	"syscall"
	"unsafe"
)

type EpollEvent struct {
	Events uint32
	Data   uint64
}

func main() {
	event := EpollEvent{1, 7}
	_, _, failure := syscall.Syscall6(syscall.SYS_EPOLL_CTL, 0, 1, 0, uintptr(unsafe.Pointer(&event)), 0, 0)
	fmt.Println(failure, event)
}
