//! Node: an ES module on koffi, the package from npm.
//!
//! koffi takes an alignment for each member (`[4, 'uint32_t']`), and has `koffi.pack` for 1. JavaScript
//! has two traps: bit operators make signed numbers, so event bits go through `>>> 0`, and a number
//! holds 53 bits, so the data is always a `BigInt`.

use super::architectures::{Libc, libc, names};
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}

import koffi from 'koffi';
import os from 'node:os';
import util from 'node:util';

{{guard}}
/// C's struct epoll_event.
export const EpollEvent = {{structure}};

const SIZE = {{size}};
if (koffi.sizeof(EpollEvent) !== SIZE || koffi.alignof(EpollEvent) !== {{align}}
    || koffi.offsetof(EpollEvent, 'events') !== {{events_offset}}
    || koffi.offsetof(EpollEvent, 'data') !== {{data_offset}}) {
    throw new Error('epoll_event is laid out otherwise here');
}

{{constants}}

const libc = koffi.load(null);
const c = {
    epoll_create1: libc.func('int epoll_create1(int flags)'),
    epoll_ctl: libc.func('epoll_ctl', 'int', ['int', 'int', 'int', koffi.pointer(EpollEvent)]),
    epoll_wait: libc.func('int epoll_wait(int epfd, void *events, int maxevents, int timeout)'),
};

function checked(name, result) {
    if (result === -1) {
        const errno = koffi.errno();
        const [code, message] = util.getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
        throw Object.assign(new Error(`${code}: ${message}, ${name}`), { errno, code, syscall: name });
    }
    return result;
}

/// {{create1}}
export function epoll_create1(flags) {
    return checked('epoll_create1', c.epoll_create1(flags));
}

/// {{ctl}}
/// events: a number, signed or not; data: a BigInt or a number. EPOLL_CTL_DEL needs neither.
export function epoll_ctl(epfd, op, fd, events, data = 0n) {
    const event = op === EPOLL_CTL_DEL
        ? null
        : { events: events >>> 0, data: BigInt.asUintN(64, BigInt(data)) };
    checked('epoll_ctl', c.epoll_ctl(epfd, op, fd, event));
}

/// {{wait}}
/// Blocks the whole program; timeout 0 does not. Returns [{ events: number, data: BigInt }, ...].
export function epoll_wait(epfd, maxevents, timeout) {
    const events = Buffer.alloc(maxevents * SIZE);
    const count = checked('epoll_wait', c.epoll_wait(epfd, events, maxevents, timeout));
    return Array.from({ length: count }, (_, index) => {
        const event = koffi.decode(events, index * SIZE, EpollEvent);
        return { events: event.events, data: BigInt(event.data) };
    });
}
"#;

/// Node has no port to some machines; the kernel's name for them is asked for then.
fn guard(row: &Row) -> String {
    let target = &row.target;
    let names = names(row);
    let order = if target.endian == "big" { "BE" } else { "LE" };
    let mut conditions = vec!["process.platform !== 'linux'".to_owned()];
    conditions.push(match names.node {
        "" => format!("!os.machine().startsWith('{}')", names.uname),
        _ if target.abi == "oabi" => "process.arch !== 'armoabi'".to_owned(),
        arch => format!("process.arch !== '{arch}'"),
    });
    conditions.push(format!("os.endianness() !== '{order}'"));
    conditions.push(format!("koffi.sizeof('void *') !== {}", target.pointer_width / 8));
    let glibc = "process.report.getReport().header.glibcVersionRuntime";
    match libc(row) {
        Libc::Any => {}
        Libc::Glibc => conditions.push(format!("!{glibc}")),
        Libc::NotGlibc => conditions.push(glibc.to_owned()),
    }
    format!(
        "if ({}) {{\n    throw new Error('this epoll_event is for {}');\n}}\n",
        conditions.join("\n    || "),
        target.name
    )
}

pub fn text(row: &Row) -> String {
    let align = row.measured.layout.align;
    let structure = if align == 1 {
        "koffi.pack('epoll_event', {\n    events: 'uint32_t',\n    data: 'uint64_t',\n})".to_owned()
    } else {
        let events = align.min(4);
        format!(
            "koffi.struct('epoll_event', {{\n    events: [{events}, 'uint32_t'],\n    data: [{align}, \
             'uint64_t'],\n}})"
        )
    };
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        match constant.kind {
            Kind::Event => format!("export const {name} = 0x{value:08x}; // {meaning}"),
            Kind::Flag => format!("export const {name} = {value:#x}; // {meaning}"),
            Kind::Operation => format!("export const {name} = {value}; // {meaning}"),
        }
    });
    let template = Template {
        language: "node",
        comment: "//",
        check: "Needs koffi: npm install koffi. Size, alignment and offsets are checked whenever it is imported.\n\
                Bit operators make signed numbers: (EPOLLIN | EPOLLET) is negative, (EPOLLIN | EPOLLET) >>> 0 is not.\n",
        text: TEXT,
    };
    template.fill(row, &[("structure", structure), ("guard", guard(row)), ("constants", constants)])
}
