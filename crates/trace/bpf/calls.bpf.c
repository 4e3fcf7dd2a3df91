/* The system calls of some processes that matter to an event loop, each as it ends, as a record in a ring buffer.
 *
 * One program does it, on the raw tracepoint sys_exit: on x86-64 the registers of its arguments are there still. It runs after
 * every system call of every process of the machine, so it leaves first where the process is not watched, then where
 * the call does not matter, and then where the descriptor was never registered with an epoll.
 *
 * The consumer is not woken: it looks every few milliseconds. A record that finds no room is counted.
 *
 * The layout of records is read by src/record.rs. */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* The registers as the kernel keeps them on entry (struct pt_regs of x86-64, an interface of ptrace(2)), from rbp on. */
struct registers {
    u64 bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp;
};
enum { SKIPPED = 4 * 8 }; /* r15 to r12 */

struct tracepoint {
    const void *registers;
    s64 result;
};

enum { NEAR = 64, FAR = 1024, FEW = 16, MANY = 128, EVENT = 12, IOVECS = 8 };

/* What every record begins with. */
struct head {
    u64 at;
    u32 pid, tid;
    u32 number; /* of the call */
    u32 size;   /* of what follows the stack */
    s64 result;
    u64 value; /* of a vector its bytes, of epoll_pwait2 its timeout, of fcntl nothing */
    u64 arguments[6];
    u64 ip, sp, bp;
    u8 stack[NEAR];
};

struct plain {
    struct head head;
};
struct rare {
    struct head head;
    u8 data[FEW * 8]; /* struct epoll_event, or an array of struct pollfd */
    u8 stack[FAR - NEAR];
};
struct one {
    struct head head;
    u8 events[EVENT + 4];
};
struct few {
    struct head head;
    u8 events[FEW * EVENT];
};
struct many {
    struct head head;
    u8 events[MANY * EVENT];
};

struct {
    __uint(type, MAP_RINGBUF);
    __uint(max_entries, 16 << 20);
} ring SEC(".maps");

/* The processes that are watched. */
struct {
    __uint(type, MAP_HASH);
    __uint(max_entries, 1024);
    __type(key, u32);
    __type(value, u32);
} processes SEC(".maps");

struct number {
    u32 pid;
    s32 fd;
};

/* The numbers of epolls, and those that were registered with one. A number stays when it is closed: another thread may
 * have registered it anew before the close is seen to end here. */
struct {
    __uint(type, MAP_HASH);
    __uint(max_entries, 131072);
    __type(key, struct number);
    __type(value, u32);
} registered SEC(".maps");

/* Records that found no room, descriptors that found none in the map above, and children that found none among the
 * processes. */
struct {
    __uint(type, MAP_ARRAY);
    __uint(max_entries, 3);
    __type(key, u32);
    __type(value, u64);
} lost SEC(".maps");

/* The only process; 0: those of the map. */
volatile const u32 only = 0;

static __always_inline void lose(u32 what)
{
    u64 *count = bpf_map_lookup_elem(&lost, &what);
    if (count)
        __sync_fetch_and_add(count, 1);
}

static __always_inline int is_registered(u32 pid, s32 fd)
{
    struct number key = { pid, fd };
    return bpf_map_lookup_elem(&registered, &key) != 0;
}

static __always_inline void keep(u32 pid, s32 fd)
{
    struct number key = { pid, fd };
    u32 one = 1;
    if (bpf_map_update_elem(&registered, &key, &one, ANY))
        lose(1);
}

/* What a call is to the records. */
enum kind { NOTHING, WAIT, PWAIT2, ON_FD, VECTOR, MESSAGE, RARE, CTL, CREATE, CLOSE, DUP, FCNTL, POLL, FROM_TWO };

static __always_inline enum kind kind_of(u64 number)
{
    switch (number) {
    case 232: /* epoll_wait */
    case 281: /* epoll_pwait */
        return WAIT;
    case 441: /* epoll_pwait2 */
        return PWAIT2;
    case 0:   /* read */
    case 1:   /* write */
    case 44:  /* sendto */
    case 45:  /* recvfrom */
    case 16:  /* ioctl */
    case 48:  /* shutdown */
    case 55:  /* getsockopt */
    case 299: /* recvmmsg */
    case 307: /* sendmmsg */
        return ON_FD;
    case 19: /* readv */
    case 20: /* writev */
        return VECTOR;
    case 46: /* sendmsg */
    case 47: /* recvmsg */
        return MESSAGE;
    case 40:  /* sendfile */
    case 275: /* splice */
        return FROM_TWO;
    case 43:  /* accept */
    case 288: /* accept4 */
        return ON_FD;
    case 42:  /* connect */
    case 56:  /* clone */
    case 57:  /* fork */
    case 58:  /* vfork */
    case 435: /* clone3 */
    case 59:  /* execve */
    case 322: /* execveat */
    case 436: /* close_range */
        return RARE;
    case 233: /* epoll_ctl */
        return CTL;
    case 213: /* epoll_create */
    case 291: /* epoll_create1 */
        return CREATE;
    case 3: /* close */
        return CLOSE;
    case 32:  /* dup */
    case 33:  /* dup2 */
    case 292: /* dup3 */
        return DUP;
    case 72: /* fcntl */
        return FCNTL;
    case 7:   /* poll */
    case 271: /* ppoll */
        return POLL;
    }
    return NOTHING;
}

static __always_inline void fill(struct head *head, const struct registers *regs, u64 id, s64 result, u32 size)
{
    head->at = bpf_ktime_get_ns();
    head->pid = id >> 32;
    head->tid = id;
    head->number = regs->orig_ax;
    head->size = size;
    head->result = result;
    head->value = 0;
    head->arguments[0] = regs->di;
    head->arguments[1] = regs->si;
    head->arguments[2] = regs->dx;
    head->arguments[3] = regs->r10;
    head->arguments[4] = regs->r8;
    head->arguments[5] = regs->r9;
    head->ip = regs->ip;
    head->sp = regs->sp;
    head->bp = regs->bp;
    /* A helper that fails leaves zeros. */
    bpf_probe_read_user(head->stack, NEAR, (const void *)regs->sp);
}

/* The bytes of an array of struct iovec. All ones: there are more than are read. */
static __always_inline u64 bytes_of(const void *array, u64 count)
{
    u64 pairs[IOVECS * 2] = {};
    u64 sum = 0;
    if (count == 0 || count > IOVECS || bpf_probe_read_user(pairs, (count & (2 * IOVECS - 1)) * 16, array))
        return ~0ULL;
#pragma unroll
    for (int i = 0; i < IOVECS; i++)
        sum += pairs[i * 2 + 1];
    return sum;
}

static __always_inline u64 timeout_of(const void *timeout)
{
    s64 time[2];
    if (!timeout || bpf_probe_read_user(time, sizeof time, timeout))
        return ~0ULL;
    return (u64)time[0] * 1000000000 + (u64)time[1];
}

static __always_inline void tell_wait(const struct registers *regs, u64 id, s64 result, u64 value)
{
    if (result > FEW) {
        struct many *record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
        if (!record) {
            lose(0);
            return;
        }
        u32 count = result > MANY ? MANY : result;
        fill(&record->head, regs, id, result, sizeof record->events);
        record->head.value = value;
        bpf_probe_read_user(record->events, count * EVENT, (const void *)regs->si);
        bpf_ringbuf_submit(record, NO_WAKEUP);
        return;
    }
    if (result <= 1) {
        struct one *record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
        if (!record) {
            lose(0);
            return;
        }
        fill(&record->head, regs, id, result, sizeof record->events);
        record->head.value = value;
        if (result == 1)
            bpf_probe_read_user(record->events, EVENT, (const void *)regs->si);
        bpf_ringbuf_submit(record, NO_WAKEUP);
        return;
    }
    struct few *record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
    if (!record) {
        lose(0);
        return;
    }
    fill(&record->head, regs, id, result, sizeof record->events);
    record->head.value = value;
    if (result <= FEW)
        bpf_probe_read_user(record->events, (u32)result * EVENT, (const void *)regs->si);
    bpf_ringbuf_submit(record, NO_WAKEUP);
}

static __always_inline void tell(const struct registers *regs, u64 id, s64 result, u64 value)
{
    struct plain *record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
    if (!record) {
        lose(0);
        return;
    }
    fill(&record->head, regs, id, result, 0);
    record->head.value = value;
    bpf_ringbuf_submit(record, NO_WAKEUP);
}

static __always_inline void tell_rare(const struct registers *regs, u64 id, s64 result, const void *data, u32 size)
{
    struct rare *record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
    if (!record) {
        lose(0);
        return;
    }
    fill(&record->head, regs, id, result, sizeof record->data);
    record->head.value = 1;
    if (!data || bpf_probe_read_user(record->data, size > sizeof record->data ? sizeof record->data : size, data))
        record->head.value = 0;
    /* The stack may end before: then page by page nothing is read, and the walk ends early. */
    bpf_probe_read_user(record->stack, sizeof record->stack, (const void *)(regs->sp + NEAR));
    bpf_ringbuf_submit(record, NO_WAKEUP);
}

SEC("raw_tp/sys_exit")
int calls(struct tracepoint *point)
{
    u64 id = bpf_get_current_pid_tgid();
    u32 pid = id >> 32;
    struct registers regs;
    s32 fd, other;

    if (only) {
        if (pid != only)
            return 0;
    } else if (!bpf_map_lookup_elem(&processes, &pid)) {
        return 0;
    }
    if (bpf_probe_read_kernel(&regs, sizeof regs, (const u8 *)point->registers + SKIPPED))
        return 0;
    s64 result = point->result;
    fd = regs.di;
    other = regs.si;
    switch (kind_of(regs.orig_ax)) {
    case WAIT:
        tell_wait(&regs, id, result, 0);
        break;
    case PWAIT2:
        tell_wait(&regs, id, result, timeout_of((const void *)regs.r10));
        break;
    case ON_FD:
        if (is_registered(pid, fd))
            tell(&regs, id, result, 0);
        break;
    case VECTOR:
        if (is_registered(pid, fd))
            tell(&regs, id, result, bytes_of((const void *)regs.si, regs.dx));
        break;
    case MESSAGE:
        if (is_registered(pid, fd)) {
            u64 vector[2] = {}; /* msg_iov and msg_iovlen of struct msghdr */
            if (bpf_probe_read_user(vector, sizeof vector, (const void *)(regs.si + 16)))
                vector[1] = 0;
            tell(&regs, id, result, bytes_of((const void *)vector[0], vector[1]));
        }
        break;
    case FROM_TWO:
        other = regs.orig_ax == 40 ? (s32)regs.si : (s32)regs.dx;
        if (is_registered(pid, fd) || is_registered(pid, other))
            tell(&regs, id, result, 0);
        break;
    case RARE:
        tell_rare(&regs, id, result, 0, 0);
        break;
    case CTL:
        if (result == 0) {
            keep(pid, fd);
            keep(pid, (s32)regs.dx);
        }
        if (regs.orig_ax == 233)
            tell_rare(&regs, id, result, (const void *)regs.r10, EVENT);
        break;
    case CREATE:
        if (result >= 0)
            keep(pid, (s32)result);
        tell_rare(&regs, id, result, 0, 0);
        break;
    case CLOSE:
        if (is_registered(pid, fd))
            tell_rare(&regs, id, result, 0, 0);
        break;
    case DUP: {
        int has_from = is_registered(pid, fd);
        int has_to = result >= 0 && is_registered(pid, (s32)result);
        if (!has_from && !has_to)
            break;
        if (result >= 0 && has_from)
            keep(pid, (s32)result);
        tell_rare(&regs, id, result, 0, 0);
        break;
    }
    case FCNTL:
        /* F_DUPFD, F_SETFL, F_DUPFD_CLOEXEC */
        if ((regs.si != 0 && regs.si != 4 && regs.si != 1030) || !is_registered(pid, fd))
            break;
        if (regs.si != 4 && result >= 0)
            keep(pid, (s32)result);
        tell_rare(&regs, id, result, 0, 0);
        break;
    case POLL:
        if (regs.si <= FEW)
            tell_rare(&regs, id, result, (const void *)regs.di, (u32)regs.si * 8);
        break;
    default:
        break;
    }
    return 0;
}

/* What is read of the kernel's task; the loader finds the places in this kernel (BTF). */
struct task_struct {
    s32 tgid;
} __attribute__((preserve_access_index));

struct fork {
    const struct task_struct *parent, *child;
};

/* Not system calls: see src/number.rs. */
enum { FORKED = 1 << 16, EXITED };

static __always_inline void tell_life(u64 id, u32 number, s64 result)
{
    struct plain *record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
    if (!record) {
        lose(0);
        return;
    }
    __builtin_memset(record, 0, sizeof *record);
    record->head.at = bpf_ktime_get_ns();
    record->head.pid = id >> 32;
    record->head.tid = id;
    record->head.number = number;
    record->head.result = result;
    bpf_ringbuf_submit(record, NO_WAKEUP);
}

/* A process that a watched one makes is watched too, before it runs. Attached only where that is asked for. */
SEC("raw_tp/sched_process_fork")
int forks(struct fork *point)
{
    u64 id = bpf_get_current_pid_tgid();
    u32 pid = id >> 32, one = 1;
    s32 child = 0;

    if (!bpf_map_lookup_elem(&processes, &pid))
        return 0;
    if (bpf_probe_read_kernel(&child, sizeof child, &point->child->tgid) || (u32)child == pid)
        return 0; /* a thread */
    if (bpf_map_update_elem(&processes, &child, &one, ANY)) {
        lose(2);
        return 0;
    }
    tell_life(id, FORKED, child);
    return 0;
}

/* The first thread of a watched process ends. Attached only where there are several. */
SEC("raw_tp/sched_process_exit")
int exits(void *point)
{
    u64 id = bpf_get_current_pid_tgid();
    u32 pid = id >> 32;

    if ((u32)id == pid && bpf_map_lookup_elem(&processes, &pid))
        tell_life(id, EXITED, 0);
    return 0;
}
