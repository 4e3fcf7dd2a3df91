//! C#: P/Invoke, for every .NET.
//!
//! `LayoutKind.Explicit` takes each offset as it stands in the golden table, and `Size` and `Pack` say
//! the rest; nothing is left to the rules of the runtime. The structure is blittable: arrays of it
//! are passed without a copy.

use super::architectures::{Libc, libc, names};
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}

using System;
using System.Runtime.InteropServices;

/// <summary>C's struct epoll_event.</summary>
[StructLayout(LayoutKind.Explicit, Size = {{size}}, Pack = {{align}})]
public struct EpollEvent
{
    /// <summary>EPOLL* bits.</summary>
    [FieldOffset({{events_offset}})] public uint Events;

    /// <summary>Handed back as given.</summary>
    [FieldOffset({{data_offset}})] public ulong Data;
}

public static class Epoll
{
{{constants}}

    static Epoll()
    {
{{guard}}
        if (Marshal.SizeOf<EpollEvent>() != {{size}}
            || (int)Marshal.OffsetOf<EpollEvent>(nameof(EpollEvent.Events)) != {{events_offset}}
            || (int)Marshal.OffsetOf<EpollEvent>(nameof(EpollEvent.Data)) != {{data_offset}})
        {
            throw new PlatformNotSupportedException("EpollEvent is laid out otherwise here");
        }
    }

{{declarations}}
    // Each returns -1 on failure; Marshal.GetLastWin32Error() is errno then.

    /// <summary>{{create1}}</summary>
    [DllImport("libc", SetLastError = true)]
    public static extern int epoll_create1(int flags);

    /// <summary>{{ctl}}</summary>
    [DllImport("libc", SetLastError = true)]
    public static extern int epoll_ctl(int epfd, int op, int fd, ref EpollEvent e);

    /// <summary>{{wait}}</summary>
    [DllImport("libc", SetLastError = true)]
    public static extern int epoll_wait(int epfd, [Out] EpollEvent[] events, int maxevents, int timeout);
}
"#;

/// The guard, and the declarations that it needs.
///
/// .NET has names for the machines of its own ports; the kernel has the others'.
fn guard(row: &Row) -> (String, String) {
    let (target, names) = (&row.target, names(row));
    let (mut conditions, mut declarations) = (vec![], String::new());
    conditions.push("!RuntimeInformation.IsOSPlatform(OSPlatform.Linux)".to_owned());
    if names.dotnet.is_empty() {
        conditions.push(format!(
            "!KernelMachine().StartsWith(\"{}\")",
            names.uname.split(',').next().unwrap_or("")
        ));
        declarations.push_str(KERNEL_MACHINE);
    } else {
        let arch = if target.abi == "oabi" { "ArmOabi" } else { names.dotnet };
        conditions.push(format!("RuntimeInformation.ProcessArchitecture.ToString() != \"{arch}\""));
    }
    let not = if target.endian == "big" { "" } else { "!" };
    conditions.push(format!("{not}BitConverter.IsLittleEndian"));
    conditions.push(format!("IntPtr.Size != {}", target.pointer_width / 8));
    match libc(row) {
        Libc::Any => {}
        Libc::Glibc => conditions.push("!IsGlibc()".to_owned()),
        Libc::NotGlibc => conditions.push("IsGlibc()".to_owned()),
    }
    if libc(row) != Libc::Any {
        declarations.push_str(IS_GLIBC);
    }
    let guard = format!(
        "        if ({})\n        {{\n            throw new PlatformNotSupportedException(\"this EpollEvent is for \
         {}\");\n        }}\n",
        conditions.join("\n            || "),
        target.name
    );
    (guard, declarations)
}

/// `struct utsname` has six fields of 65 bytes on Linux; the fifth is the machine.
const KERNEL_MACHINE: &str = r#"    [DllImport("libc")]
    private static extern int uname(byte[] names);

    // struct utsname: fields of 65 bytes; the machine is the fifth.
    private static string KernelMachine()
    {
        var names = new byte[6 * 65];
        return uname(names) == 0 ? System.Text.Encoding.ASCII.GetString(names, 4 * 65, 65).TrimEnd('\0') : "";
    }

"#;

const IS_GLIBC: &str = r#"    [DllImport("libc")]
    private static extern IntPtr gnu_get_libc_version();

    private static bool IsGlibc()
    {
        try
        {
            return gnu_get_libc_version() != IntPtr.Zero;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

"#;

pub fn text(row: &Row) -> String {
    let (guard, declarations) = guard(row);
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        let definition = match constant.kind {
            Kind::Event => format!("const uint {name} = 0x{value:08x}u"),
            Kind::Flag => format!("const int {name} = {value:#x}"),
            Kind::Operation => format!("const int {name} = {value}"),
        };
        format!("    public {definition}; // {meaning}")
    });
    let template = Template {
        language: "csharp",
        comment: "//",
        check: "Size and offsets are checked when the class Epoll is first used.\n",
        text: TEXT,
    };
    template
        .fill(row, &[("guard", guard), ("declarations", declarations), ("constants", constants)])
}
