//! C#: P/Invoke, for every .NET.
//!
//! `LayoutKind.Explicit` takes each offset as it stands in the golden table, and `Size` and `Pack` say
//! the rest; nothing is left to the rules of the runtime. The structure is blittable: arrays of it
//! are passed without a copy.

use super::architectures::names;
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

pub fn text(row: &Row) -> String {
    let guard = match names(row).dotnet {
        "" => String::new(),
        arch => format!(
            "        if (RuntimeInformation.ProcessArchitecture.ToString() != \"{arch}\")\n        {{\n            \
             throw new PlatformNotSupportedException(\"this EpollEvent is for {}\");\n        }}\n",
            row.target.name
        ),
    };
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
    template.fill(row, &[("guard", guard), ("constants", constants)])
}
