// The emitted class: three pipes, one wait.
using System;
using System.Linq;
using System.Runtime.InteropServices;

public static class RoundTrip
{
    [DllImport("libc", SetLastError = true)]
    private static extern int pipe(int[] ends);

    [DllImport("libc", SetLastError = true)]
    private static extern IntPtr write(int fd, byte[] bytes, UIntPtr count);

    private static void Check(bool condition, string what)
    {
        if (!condition)
        {
            throw new Exception(what + ", errno " + Marshal.GetLastWin32Error());
        }
    }

    public static void Main()
    {
        const ulong data = 0xfedcba9876543210;
        int epfd = Epoll.epoll_create1(Epoll.EPOLL_CLOEXEC);
        Check(epfd >= 0, "epoll_create1");
        int last = -1;
        for (ulong i = 0; i < 3; i++)
        {
            var ends = new int[2];
            Check(pipe(ends) == 0 && write(ends[1], new byte[1], (UIntPtr)1) == (IntPtr)1, "pipe");
            last = ends[0];
            var wanted = new EpollEvent { Events = Epoll.EPOLLIN | Epoll.EPOLLET, Data = data + i };
            Check(Epoll.epoll_ctl(epfd, Epoll.EPOLL_CTL_ADD, last, ref wanted) == 0, "ADD");
        }
        var events = new EpollEvent[4];
        Check(Epoll.epoll_wait(epfd, events, 4, 0) == 3, "three events");
        var seen = events.Take(3).Select(e => e.Data - data).OrderBy(value => value);
        Check(seen.SequenceEqual(new ulong[] { 0, 1, 2 }), "data");
        Check(events.Take(3).All(e => e.Events == Epoll.EPOLLIN), "events");
        Check(Epoll.epoll_wait(epfd, events, 4, 0) == 0, "edge-triggered: not again");

        var changed = new EpollEvent { Events = Epoll.EPOLLIN, Data = ulong.MaxValue };
        Check(Epoll.epoll_ctl(epfd, Epoll.EPOLL_CTL_MOD, last, ref changed) == 0, "MOD");
        Check(Epoll.epoll_wait(epfd, events, 4, 0) == 1 && events[0].Data == ulong.MaxValue, "all bits");
        Check(Epoll.epoll_ctl(epfd, Epoll.EPOLL_CTL_DEL, last, ref changed) == 0, "DEL");
        Check(Epoll.epoll_ctl(epfd, Epoll.EPOLL_CTL_DEL, last, ref changed) == -1, "DEL again");
        Check(Marshal.GetLastWin32Error() == 2, "ENOENT");
        Console.WriteLine("round trip: ok");
    }
}
