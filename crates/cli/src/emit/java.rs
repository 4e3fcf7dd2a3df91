//! Java: a class on `java.lang.foreign`, final since Java 22. The incubating package of Java 17 to 21
//! has other names and is gone, so nothing is written for it.
//!
//! A `StructLayout` refuses a member that its place does not align, so each member carries the
//! structure's alignment, and padding is a member of its own. Fields are read by offset.

use super::architectures::{Libc, libc, names};
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;

public final class Epoll {
    static {
{{guard}}
    }

    private static final ValueLayout.OfInt EVENTS_BITS = ValueLayout.JAVA_INT.withByteAlignment({{int_align}});
    private static final ValueLayout.OfLong DATA_BITS = ValueLayout.JAVA_LONG.withByteAlignment({{align}});

    /** C's struct epoll_event. */
    public static final StructLayout EVENT = MemoryLayout.structLayout(
            EVENTS_BITS.withName("events"),
{{padding}}
            DATA_BITS.withName("data")).withName("epoll_event");

    private static final long SIZE = {{size}};
    private static final long EVENTS_OFFSET = {{events_offset}};
    private static final long DATA_OFFSET = {{data_offset}};

{{constants}}

    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO_OFFSET = STATE.byteOffset(PathElement.groupElement("errno"));
    private static final MethodHandle CREATE1 =
            call("epoll_create1", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle CTL = call("epoll_ctl", FunctionDescriptor.of(ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    private static final MethodHandle WAIT = call("epoll_wait", FunctionDescriptor.of(ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    static {
        if (EVENT.byteSize() != SIZE || EVENT.byteAlignment() != {{align}}
                || EVENT.byteOffset(PathElement.groupElement("events")) != EVENTS_OFFSET
                || EVENT.byteOffset(PathElement.groupElement("data")) != DATA_OFFSET) {
            throw new ExceptionInInitializerError("epoll_event is laid out as " + EVENT);
        }
    }

    private Epoll() {
    }

    /** Room for this many events. */
    public static MemorySegment allocate(Arena arena, int count) {
        return arena.allocate(EVENT, count);
    }

    /** The EPOLL* bits of an event. */
    public static int events(MemorySegment events, int index) {
        return events.get(EVENTS_BITS, index * SIZE + EVENTS_OFFSET);
    }

    /** All 64 bits of an event's data. */
    public static long data(MemorySegment events, int index) {
        return events.get(DATA_BITS, index * SIZE + DATA_OFFSET);
    }

    /** {{create1}} */
    public static int create1(int flags) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            return checked("epoll_create1", (int) CREATE1.invokeExact(state, flags), state);
        } catch (IOException | RuntimeException | Error error) {
            throw error;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** {{ctl}} */
    public static void ctl(int epfd, int op, int fd, int events, long data) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            MemorySegment event = arena.allocate(EVENT);
            event.set(EVENTS_BITS, EVENTS_OFFSET, events);
            event.set(DATA_BITS, DATA_OFFSET, data);
            checked("epoll_ctl", (int) CTL.invokeExact(state, epfd, op, fd, event), state);
        } catch (IOException | RuntimeException | Error error) {
            throw error;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** {{wait}} */
    public static int epollWait(int epfd, MemorySegment events, int maxevents, int timeout)
            throws IOException {
        if (maxevents > events.byteSize() / SIZE) {
            throw new IllegalArgumentException("no room for " + maxevents + " events");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int count = (int) WAIT.invokeExact(state, epfd, events, maxevents, timeout);
            return checked("epoll_wait", count, state);
        } catch (IOException | RuntimeException | Error error) {
            throw error;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static MethodHandle call(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        MemorySegment address = linker.defaultLookup().find(name).orElseThrow();
        return linker.downcallHandle(address, type, Linker.Option.captureCallState("errno"));
    }

    private static int checked(String name, int result, MemorySegment state) throws IOException {
        if (result == -1) {
            throw new IOException(name + ": errno " + state.get(ValueLayout.JAVA_INT, ERRNO_OFFSET));
        }
        return result;
    }
}
"#;

/// `os.arch` says less than it seems to: the same name serves both byte orders of some machines.
fn guard(row: &Row) -> String {
    let target = &row.target;
    let arch = match names(row).java {
        "" => target.arch.as_str(),
        _ if target.abi == "oabi" => "armoabi",
        arch => arch,
    };
    let order = if target.endian == "big" { "BIG_ENDIAN" } else { "LITTLE_ENDIAN" };
    let mut conditions = vec![
        "!System.getProperty(\"os.name\").equals(\"Linux\")".to_owned(),
        format!("!System.getProperty(\"os.arch\").equals(\"{arch}\")"),
        format!("ByteOrder.nativeOrder() != ByteOrder.{order}"),
        format!("ValueLayout.ADDRESS.byteSize() != {}", target.pointer_width / 8),
    ];
    let glibc = "Linker.nativeLinker().defaultLookup().find(\"gnu_get_libc_version\")";
    match libc(row) {
        Libc::Any => {}
        Libc::Glibc => conditions.push(format!("{glibc}.isEmpty()")),
        Libc::NotGlibc => conditions.push(format!("{glibc}.isPresent()")),
    }
    let conditions = conditions.join("\n                || ");
    format!(
        "        if ({conditions}) {{\n            throw new ExceptionInInitializerError(\"this epoll_event is \
         for {}\");\n        }}\n",
        target.name
    )
}

pub fn text(row: &Row) -> String {
    let measured = &row.measured;
    let padding = match measured.layout.data_offset - measured.layout.events_offset - 4 {
        0 => String::new(),
        bytes => format!("            MemoryLayout.paddingLayout({bytes}),\n"),
    };
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        let value = match constant.kind {
            Kind::Event => format!("0x{value:08x}"),
            Kind::Flag => format!("{value:#x}"),
            Kind::Operation => value.to_string(),
        };
        format!("    public static final int {name} = {value}; // {meaning}")
    });
    let template = Template {
        language: "java",
        comment: "//",
        check: "For Java 22 and later, run with --enable-native-access. Save as Epoll.java. Size, alignment and\n\
                offsets are checked when the class is initialised.\n",
        text: TEXT,
    };
    let more = [
        ("int_align", measured.layout.align.min(4).to_string()),
        ("padding", padding),
        ("guard", guard(row)),
        ("constants", constants),
    ];
    template.fill(row, &more)
}
