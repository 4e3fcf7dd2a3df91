//! Go: a package on the standard library alone.
//!
//! Go cannot pack a structure, and need not: with the data as eight bytes every field is aligned to
//! 4 at most, and padding is written out. Methods read and write the 64 bits, in the target's byte
//! order, as C's `data.u64` and `data.fd` do. The system call is the kernel's own: no C library is
//! asked for, and a port's name says the byte order and the word size as well. A machine that gc has
//! no port to is gccgo's alone. `epoll_pwait` is called because `epoll_wait` is no
//! system call of the newer architectures.

use super::architectures::names;
use super::words::{Constant, Kind, Template, constant_lines, constants};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}

{{constraint}}

// Package epollabi is the epoll interface of {{target}}.
package epollabi

import (
	"encoding/binary"
	"syscall"
	"unsafe"
)

// EpollEvent is C's struct epoll_event.
type EpollEvent struct {
{{alignment}}
	// EPOLL* bits.
	Events uint32
{{padding}}

	// Handed back as given; see Uint64 and Fd.
	Data [8]byte
}

// Does not compile unless size and offsets are the target's.
var _ [{{size}}]byte = [unsafe.Sizeof(EpollEvent{})]byte{}
var _ [{{events_offset}}]byte = [unsafe.Offsetof(EpollEvent{}.Events)]byte{}
var _ [{{data_offset}}]byte = [unsafe.Offsetof(EpollEvent{}.Data)]byte{}

// Uint64 returns all bits of the data, C's data.u64.
func (e *EpollEvent) Uint64() uint64 {
	return binary.{{order}}.Uint64(e.Data[:])
}

// SetUint64 sets all bits of the data, C's data.u64.
func (e *EpollEvent) SetUint64(value uint64) {
	binary.{{order}}.PutUint64(e.Data[:], value)
}

// Fd returns the data as SetFd set it, C's data.fd.
func (e *EpollEvent) Fd() int {
	return int(int32(binary.{{order}}.Uint32(e.Data[:4])))
}

// SetFd sets the data to a descriptor, C's data.fd; the other 32 bits are zero.
func (e *EpollEvent) SetFd(fd int) {
	e.Data = [8]byte{}
	binary.{{order}}.PutUint32(e.Data[:4], uint32(fd))
}

const (
{{constants}}
)

// EpollCreate1: {{create1}}
func EpollCreate1(flags int) (int, error) {
	fd, _, errno := syscall.Syscall(syscall.SYS_EPOLL_CREATE1, uintptr(flags), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// EpollCtl: {{ctl}}
func EpollCtl(epfd, op, fd int, event *EpollEvent) error {
	_, _, errno := syscall.Syscall6(syscall.SYS_EPOLL_CTL, uintptr(epfd), uintptr(op), uintptr(fd),
		uintptr(unsafe.Pointer(event)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// EpollWait: {{wait}}
func EpollWait(epfd int, events []EpollEvent, timeout int) (int, error) {
	if len(events) == 0 {
		return -1, syscall.EINVAL
	}
	n, _, errno := syscall.Syscall6(syscall.SYS_EPOLL_PWAIT, uintptr(epfd),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(timeout), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
"#;

pub fn text(row: &Row) -> String {
    let (target, measured) = (&row.target, &row.measured);
    let all = constants(row);
    let constraint = match names(row).go {
        // No Go sets the name: the file is in no build.
        "" => format!("//go:build linux && {}\n", target.arch),
        _ if target.abi == "oabi" => "//go:build linux && armoabi\n".to_owned(),
        arch => match arch.strip_prefix("gccgo:") {
            Some(arch) => format!("//go:build linux && gccgo && {arch}\n"),
            None => format!("//go:build linux && {arch}\n"),
        },
    };
    // A field without size, but with an alignment; on 32-bit targets Go aligns uint64 to 4.
    let alignment = match measured.layout.align {
        8 if target.pointer_width == 64 => {
            "\t// Aligns the structure to 8, and takes no room.\n\t_ [0]uint64\n\n".to_owned()
        }
        _ => String::new(),
    };
    let padding = match measured.layout.data_offset - measured.layout.events_offset - 4 {
        0 => String::new(),
        bytes => format!("\n\t_ [{bytes}]byte\n"),
    };
    let constants = constant_lines(row, |constant| {
        let written = |constant: &Constant<'_>| match constant.kind {
            Kind::Event => {
                (format!("{} uint32", constant.name), format!("0x{:08x}", constant.value))
            }
            Kind::Flag => (constant.name.to_owned(), format!("{:#x}", constant.value)),
            Kind::Operation => (constant.name.to_owned(), constant.value.to_string()),
        };
        // gofmt aligns each group.
        let group = all.iter().filter(|other| other.kind == constant.kind).map(written);
        let (names, values): (Vec<_>, Vec<_>) = group.unzip();
        let widest = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0);
        let (name, value) = written(constant);
        let name = match name.split_once(' ') {
            Some((name, kind)) => {
                format!("{name:width$} {kind}", width = widest(&names) - 1 - kind.len())
            }
            None => format!("{name:width$}", width = widest(&names)),
        };
        format!("\t{name} = {value:width$} // {}", constant.meaning, width = widest(&values))
    });
    let order = if target.endian == "big" { "BigEndian" } else { "LittleEndian" };
    let template = Template {
        language: "go",
        comment: "//",
        check: "Size and offsets are checked whenever this file is compiled. The package syscall has an EPOLLET too,\n\
                which is negative on some architectures.\n",
        text: TEXT,
    };
    let more = [
        ("constraint", constraint),
        ("alignment", alignment),
        ("padding", padding),
        ("constants", constants),
        ("order", order.to_owned()),
    ];
    template.fill(row, &more)
}
