//! Every emitted file against every other kind of machine, in the languages that load a file when
//! the program runs: it is taken on its own machine and refused on all others.
//!
//! There is one machine here. So each guard is judged by its own language, with what the language
//! says about the machine exchanged for what it says on another: a class `System` that is not Java's, a
//! module `FFI` that is not the gem's.

mod command;
mod emit_machines;

use emit_machines::{Machine, between, machines, texts};
use epshim_harness::process::{run, stdout_of};
use epshim_harness::products::folder;
use epshim_harness::tools;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

/// The guards of a language by the names of their files.
fn guards(language: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let guards = texts(language).into_iter();
    guards.map(|(name, text)| (name, between(&text, from, to).to_owned())).collect()
}

/// A program says for each machine, by its number, which files it takes: `3 s390x-linux-gnu`.
fn judge(out: &str, has_port: impl Fn(&Machine) -> bool) {
    for (index, machine) in machines().iter().enumerate() {
        let own = format!("{index} ");
        let taken: BTreeSet<_> =
            out.lines().filter_map(|line| line.strip_prefix(&own)).map(str::to_owned).collect();
        let expected = if has_port(machine) { machine.own_file() } else { BTreeSet::new() };
        assert_eq!(taken, expected, "{} {}", machine.name(), machine.os);
    }
}

/// As booleans are written in the language.
fn yes(value: bool, words: [&'static str; 2]) -> &'static str {
    words[usize::from(!value)]
}

/// A machine is made of these in Python.
const PYTHON: &str = "from types import SimpleNamespace as N\n";

/// What Python says of a machine.
fn python_machine(machine: &Machine) -> String {
    let (os, endian, uname) = (machine.os, &machine.row.target.endian, &machine.uname);
    format!(
        "sys = N(platform='{os}', byteorder='{endian}')\nos = N(uname=lambda: N(machine='{uname}'))"
    )
}

/// Its C library.
fn python_libc(machine: &Machine) -> String {
    format!("N({})", yes(machine.is_glibc(), ["gnu_get_libc_version=0", ""]))
}

#[test]
fn python() {
    if !tools::is_installed("python3") {
        return;
    }
    let mut program = PYTHON.to_owned();
    for (index, machine) in machines().iter().enumerate() {
        writeln!(
            program,
            "{}\nctypes = N(sizeof=lambda _: {}, alignment=lambda _: {}, c_void_p=0, c_uint64=0)\n_libc = {}",
            python_machine(machine),
            machine.width(),
            machine.row.measured.layout.data_align,
            python_libc(machine),
        )
        .unwrap();
        for (name, guard) in guards("python", "\nif (", "\n):\n    raise ImportError(") {
            writeln!(program, "if not ({guard}\n):\n    print('{index} {name}')").unwrap();
        }
    }
    judge(&stdout_of(Command::new("python3").arg("-c").arg(program)), |_| true);
}

#[test]
fn node() {
    if !tools::is_installed("node") {
        return;
    }
    let mut program = String::new();
    for (index, machine) in machines().iter().enumerate() {
        // Node's name for a machine that it has no port to is unknown; it is no other machine's.
        let arch = if machine.node == "-" { machine.uname } else { machine.node };
        write!(
            program,
            "{{\nconst report = {{ header: {{ {} }} }};\n\
             const process = {{ platform: '{}', arch: '{arch}', report: {{ getReport: () => report }} }};\n\
             const os = {{ endianness: () => '{}', machine: () => '{}' }};\n\
             const koffi = {{ sizeof: () => {} }};\n",
            yes(machine.is_glibc(), ["glibcVersionRuntime: '2.36'", ""]),
            machine.os,
            yes(machine.is_big(), ["BE", "LE"]),
            machine.uname,
            machine.width(),
        )
        .unwrap();
        for (name, guard) in guards("node", "\nif (", ") {\n    throw new Error('this epoll_event")
        {
            writeln!(program, "if (!({guard})) console.log('{index} {name}');").unwrap();
        }
        program.push_str("}\n");
    }
    judge(&stdout_of(Command::new("node").arg("-e").arg(program)), |_| true);
}

#[test]
fn java() {
    if !tools::is_installed("javac") {
        return;
    }
    // Classes of these names in the same file come before the imported ones.
    let mut program = "import java.util.Optional;\nclass Guards {\n\
        static String os, arch; static Object order; static long width; static Optional<String> glibc;\n\
        static class System { static String getProperty(String name) { return name.equals(\"os.arch\") ? arch : os; } }\n\
        static class ByteOrder { static Object BIG_ENDIAN = \"big\", LITTLE_ENDIAN = \"little\"; \
        static Object nativeOrder() { return order; } }\n\
        static class Layout { long byteSize() { return width; } }\n\
        static class ValueLayout { static Layout ADDRESS = new Layout(); }\n\
        static class Lookup { Optional<String> find(String name) { return glibc; } }\n\
        static class Linker { static Linker nativeLinker() { return new Linker(); } \
        Lookup defaultLookup() { return new Lookup(); } }\n\
        static void judge(int index) {\n"
        .to_owned();
    for (name, guard) in guards("java", "static {\n        if (", ") {\n            throw") {
        writeln!(program, "if (!({guard})) java.lang.System.out.println(index + \" {name}\");")
            .unwrap();
    }
    program.push_str("}\npublic static void main(String[] arguments) {\n");
    for (index, machine) in machines().iter().enumerate() {
        let os = if machine.is_linux() { "Linux" } else { "FreeBSD" };
        writeln!(
            program,
            "os = \"{os}\"; arch = \"{}\"; order = ByteOrder.{}; width = {}; glibc = {}; judge({index});",
            machine.java,
            yes(machine.is_big(), ["BIG_ENDIAN", "LITTLE_ENDIAN"]),
            machine.width(),
            yes(machine.is_glibc(), ["Optional.of(\"\")", "Optional.empty()"]),
        )
        .unwrap();
    }
    program.push_str("}\n}\n");
    let folder = folder("emit-refuses-java");
    fs::write(folder.join("Guards.java"), program).unwrap();
    run(Command::new("javac").arg("Guards.java").current_dir(&folder));
    judge(&stdout_of(Command::new("java").arg("-cp").arg(folder).arg("Guards")), |_| true);
}

#[test]
fn csharp() {
    if !(tools::is_installed("mcs") && tools::is_installed("mono")) {
        return;
    }
    let mut program = "static class Guards {\n\
        static string os, kernel; static object arch; static bool glibc;\n\
        class OSPlatform { public const string Linux = \"linux\"; }\n\
        static class RuntimeInformation { public static bool IsOSPlatform(string name) { return name == os; } \
        public static object ProcessArchitecture { get { return arch; } } }\n\
        static class BitConverter { public static bool IsLittleEndian; }\n\
        static class IntPtr { public static int Size; }\n\
        static string KernelMachine() { return kernel; }\nstatic bool IsGlibc() { return glibc; }\n\
        static void Judge(int index) {\n"
        .to_owned();
    for (name, guard) in guards("csharp", "static Epoll()\n    {\n        if (", ")\n        {\n") {
        writeln!(program, "if (!({guard})) System.Console.WriteLine(index + \" {name}\");")
            .unwrap();
    }
    program.push_str("}\nstatic void Main() {\n");
    for (index, machine) in machines().iter().enumerate() {
        writeln!(
            program,
            "os = \"{}\"; kernel = \"{}\"; arch = \"{}\"; BitConverter.IsLittleEndian = {}; IntPtr.Size = {}; \
             glibc = {}; Judge({index});",
            machine.os,
            machine.uname,
            machine.dotnet,
            !machine.is_big(),
            machine.width(),
            machine.is_glibc(),
        )
        .unwrap();
    }
    program.push_str("}\n}\n");
    let folder = folder("emit-refuses-csharp");
    fs::write(folder.join("Guards.cs"), program).unwrap();
    run(Command::new("mcs").arg("Guards.cs").current_dir(&folder));
    judge(&stdout_of(Command::new("mono").arg(folder.join("Guards.exe"))), |_| true);
}

#[test]
fn ruby() {
    if !tools::is_installed("ruby") {
        return;
    }
    let mut program = String::new();
    for (index, machine) in machines().iter().enumerate() {
        write!(
            program,
            "module FFI{index}\nmodule Platform\nOS, ARCH, ADDRESS_SIZE = '{}', '{}', {}\nBIG_ENDIAN, \
             LITTLE_ENDIAN = 4321, 1234\nBYTE_ORDER = {}\nend\nclass DynamicLibrary\nRTLD_LAZY = 1\n\
             def self.open(*) = new\ndef find_symbol(_) = {}\nend\nend\n",
            machine.os,
            machine.ruby,
            8 * machine.width(),
            yes(machine.is_big(), ["BIG_ENDIAN", "LITTLE_ENDIAN"]),
            yes(machine.is_glibc(), ["1", "nil"]),
        )
        .unwrap();
        for (name, guard) in guards("ruby", "\nunless ", "\n  raise LoadError") {
            let guard = guard.replace("FFI::", &format!("FFI{index}::"));
            writeln!(program, "puts '{index} {name}' if {guard}").unwrap();
        }
    }
    judge(&stdout_of(Command::new("ruby").arg("-e").arg(program)), |_| true);
}

#[test]
fn luajit() {
    if !tools::are_there(&["luajit"]) {
        return;
    }
    let mut program = String::new();
    for (index, machine) in machines().iter().enumerate() {
        let os = if machine.is_linux() { "Linux" } else { "BSD" };
        write!(
            program,
            "local ffi = {{ os = '{os}', arch = '{}', cdef = function() end, C = {{}} }}\n\
             local is = {{ ['{}'] = true, ['{}bit'] = true }}\nfunction ffi.abi(name) return is[name] end\n\
             if not {} then setmetatable(ffi.C, {{ __index = function() error 'missing' end }})\n\
             else ffi.C.gnu_get_libc_version = true end\n",
            machine.luajit,
            yes(machine.is_big(), ["be", "le"]),
            8 * machine.width(),
            machine.is_glibc(),
        )
        .unwrap();
        for (name, guard) in guards("cdef", "    assert(ffi.os", ", 'another machine')") {
            writeln!(program, "if ffi.os{guard} then print '{index} {name}' end").unwrap();
        }
    }
    let out = stdout_of(Command::new("luajit").arg("-e").arg(program));
    judge(&out, |machine| machine.luajit != "-");
}

#[test]
fn php() {
    if !tools::is_installed("php") {
        return;
    }
    let mut program = String::new();
    for (index, machine) in machines().iter().enumerate() {
        let os = if machine.is_linux() { "Linux" } else { "FreeBSD" };
        // In a namespace of its own, a function or constant of PHP can be another.
        write!(
            program,
            "namespace m{index};\nconst PHP_OS = '{os}', PHP_INT_SIZE = {};\nfunction php_uname($_) {{ return '{}'; }}\n\
             function pack($_, $one) {{ return {}; }}\n\
             function file_get_contents($_) {{ return '/{}.so'; }}\n\
             class FFI {{ static function cdef() {{ return new FFI; }} function type($_) {{ }} \
             static function alignof($_) {{ return {}; }} }}\n",
            machine.width(),
            machine.uname,
            yes(machine.is_big(), ["\"\\0\\1\"", "\"\\1\\0\""]),
            yes(machine.is_glibc(), ["ld-linux", "ld-musl-i386"]),
            machine.row.measured.layout.data_align,
        )
        .unwrap();
        for (name, guard) in guards("cdef", "    PHP_OS", " || exit('another machine');") {
            writeln!(program, "if (PHP_OS{guard}) echo \"{index} {name}\\n\";").unwrap();
        }
    }
    let out = stdout_of(Command::new("php").arg("-r").arg(program));
    judge(&out, |_| true);
}

#[test]
fn cffi() {
    if !tools::is_installed("python3") {
        return;
    }
    let mut program = PYTHON.to_owned();
    for (index, machine) in machines().iter().enumerate() {
        writeln!(
            program,
            "{}\nffi = N(sizeof=lambda _: {}, alignof=lambda _: {})\nctypes = N(CDLL=lambda _: {})",
            python_machine(machine),
            machine.width(),
            machine.row.measured.layout.data_align,
            python_libc(machine),
        )
        .unwrap();
        for (name, guard) in guards("cdef", "    assert sys.", "\n") {
            writeln!(program, "if sys.{guard}: print('{index} {name}')").unwrap();
        }
    }
    judge(&stdout_of(Command::new("python3").arg("-c").arg(program)), |_| true);
}
