// The emitted class: three pipes, one wait.

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.TreeSet;

public final class RoundTrip {
    private static final long DATA = 0xfedcba9876543210L;

    private static void check(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    private static MethodHandle call(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), type);
    }

    public static void main(String[] arguments) throws Throwable {
        MethodHandle pipe = call("pipe", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
        MethodHandle write = call("write", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
        int epfd = Epoll.create1(Epoll.EPOLL_CLOEXEC);
        int reader = -1;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(8, 4);
            for (int i = 0; i < 3; i++) {
                check((int) pipe.invokeExact(ends) == 0, "pipe");
                reader = ends.get(ValueLayout.JAVA_INT, 0);
                check((long) write.invokeExact(ends.get(ValueLayout.JAVA_INT, 4), ends, 1L) == 1, "write");
                Epoll.ctl(epfd, Epoll.EPOLL_CTL_ADD, reader, Epoll.EPOLLIN | Epoll.EPOLLET, DATA + i);
            }
            MemorySegment events = Epoll.allocate(arena, 4);
            check(Epoll.epollWait(epfd, events, 4, 0) == 3, "three deliveries");
            TreeSet<Long> seen = new TreeSet<>();
            for (int i = 0; i < 3; i++) {
                check(Epoll.events(events, i) == Epoll.EPOLLIN, "EPOLLIN");
                seen.add(Epoll.data(events, i) - DATA);
            }
            check(seen.toString().equals("[0, 1, 2]"), "all bits of the data: " + seen);
            check(Epoll.epollWait(epfd, events, 4, 0) == 0, "edge-triggered: not again");

            Epoll.ctl(epfd, Epoll.EPOLL_CTL_MOD, reader, Epoll.EPOLLIN, -1);
            check(Epoll.epollWait(epfd, events, 4, 0) == 1 && Epoll.data(events, 0) == -1, "modified");
            Epoll.ctl(epfd, Epoll.EPOLL_CTL_DEL, reader, 0, 0);
            try {
                Epoll.ctl(epfd, Epoll.EPOLL_CTL_DEL, reader, 0, 0);
                throw new AssertionError("a registration was deleted twice");
            } catch (IOException expected) {
                check(expected.getMessage().equals("epoll_ctl: errno 2"), expected.getMessage());
            }
        }
        System.out.println("round trip: ok");
    }
}
