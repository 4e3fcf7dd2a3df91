//! Plain C declarations for those that read them at run time: LuaJIT's `ffi.cdef`, PHP's `FFI::cdef`
//! and Python's cffi, each of which takes the text as it is.
//!
//! What all three understand is little: no preprocessor, and in cffi neither attributes nor `sizeof`.
//! So nothing is packed: where C packs, the union has no member that is aligned to more than 4. Nor
//! can such a text ask which machine it is on. The line that loads it can, and stands in the heading,
//! one for each language.

use super::architectures::{Libc, libc, names};
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}
 */

typedef union epoll_data {
{{members}}
} epoll_data_t;

/* {{size}} bytes */
struct epoll_event {
    uint32_t events; /* EPOLL* bits */
    epoll_data_t data; /* handed back as given; at {{data_offset}} */
};

enum {
{{constants}}
};

/* {{create1}} */
int epoll_create1(int flags);
/* {{ctl}} */
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
/* {{wait}} */
int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
"#;

/// The lines that load the text, and refuse another machine before they do.
fn loaders(row: &Row) -> String {
    let target = &row.target;
    let (big, bits) = (target.endian == "big", target.pointer_width);
    let (libc, names) = (libc(row), names(row));
    let luajit = match target.arch.as_str() {
        "x86_64" => "x64",
        "mips32r6" => "mips",
        "mips64r6" => "mips64",
        "aarch64" => "arm64",
        "powerpc" => "ppc",
        arch => arch,
    };
    let glibc = |yes: &str, no: &str| match libc {
        Libc::Any => String::new(),
        Libc::Glibc => yes.to_owned(),
        Libc::NotGlibc => no.to_owned(),
    };
    let lua_libc = "pcall(function() ffi.cdef 'const char *gnu_get_libc_version(void);' return \
                    ffi.C.gnu_get_libc_version end)";
    let lua = format!(
        "LuaJIT\n    assert(ffi.os == 'Linux' and ffi.arch == '{luajit}' and ffi.abi '{}' and ffi.abi '{bits}bit'{}, \
         'another machine')\n    ffi.cdef(io.open(path):read '*a')\n",
        if big { "be" } else { "le" },
        glibc(&format!(" and {lua_libc}"), &format!(" and not {lua_libc}")),
    );
    let starts: Vec<_> = names.uname.split(',').collect();
    let php_libc = "str_contains(file_get_contents('/proc/self/maps'), '/ld-linux')";
    let php = format!(
        "PHP\n    PHP_OS === 'Linux' && preg_match('/^({})/', php_uname('m')) && pack('S', 1) === \"{}\" && PHP_INT_SIZE \
         === {} && FFI::alignof(FFI::cdef()->type('uint64_t')) === {}{} || exit('another machine');\n    $c = FFI::cdef(file_get_contents($path));\n",
        starts.join("|"),
        if big { "\\0\\1" } else { "\\1\\0" },
        bits / 8,
        row.measured.layout.data_align,
        glibc(&format!(" && {php_libc}"), &format!(" && !{php_libc}")),
    );
    let starts: Vec<_> = starts.iter().map(|start| format!("'{start}'")).collect();
    let python = format!(
        "Python, cffi\n    assert sys.platform == 'linux' and os.uname().machine.startswith(({},)) and sys.byteorder == '{}' \
         and ffi.sizeof('void *') == {} and ffi.alignof('uint64_t') == {}{}\n    ffi.cdef(open(path).read())\n",
        starts.join(", "),
        target.endian,
        bits / 8,
        row.measured.layout.data_align,
        glibc(
            " and hasattr(ctypes.CDLL(None), 'gnu_get_libc_version')",
            " and not hasattr(ctypes.CDLL(None), 'gnu_get_libc_version')"
        ),
    );
    format!("{lua}{php}{python}")
}

pub fn text(row: &Row) -> String {
    let m = &row.measured;
    // The members that the machine's own compiler would align to more than the place of the data allows.
    let is_packed = m.layout.data_offset < m.layout.data_align;
    let mut members = String::new();
    if !(is_packed && row.target.pointer_width == 64) {
        members.push_str("    void *ptr;\n");
    }
    members.push_str("    int fd;\n    uint32_t u32;\n");
    members.push_str(if is_packed {
        "    uint32_t halves[2]; /* u64, the low half first: C packs the structure, no ffi does */\n"
    } else {
        "    uint64_t u64;\n"
    });
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        match constant.kind {
            Kind::Event => format!("    {name} = 0x{value:08x}, /* {meaning} */"),
            Kind::Flag => format!("    {name} = {value:#x}, /* {meaning} */"),
            Kind::Operation => format!("    {name} = {value}, /* {meaning} */"),
        }
    });
    let check = format!(
        "Plain declarations cannot ask for the machine: load them with the lines below, which do.\n\n{}\n",
        loaders(row)
    );
    let template = Template { language: "cdef", comment: " *", check: &check, text: TEXT };
    template.fill(row, &[("members", members), ("constants", constants)]).replacen(" *", "/*", 1)
}
