/* Stacks that no unwinder knows the end of. Each call that the checker records with its callers is
 * made on each of them: what lies beyond the last frame may be anything, and nothing may be read
 * there. The program checks itself; it is the same with the checker and without. */
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* enter(top, body, back) runs body on another stack, where it returns to `back`, as header-only
 * libraries of coroutines do; leave() comes back from it. unmarked(body) and crooked(body) call body
 * from code that no unwind table describes, the second with a frame pointer that is none. */
void enter(void *top, void (*body)(void), uintptr_t back);
void leave(void) __attribute__((noreturn));
void unmarked(void (*body)(void));
void crooked(void (*body)(void));

#if defined(__x86_64__)
__asm__(".text\n"
        "enter: push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
        " mov %rsp, outside(%rip); mov %rdi, %rsp; push %rdx; jmp *%rsi\n"
        "leave: mov outside(%rip), %rsp\n"
        " pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret\n"
        "unmarked: sub $24, %rsp; call *%rdi; add $24, %rsp; ret\n"
        "crooked: push %rbp; mov $9, %ebp; call *%rdi; pop %rbp; ret\n");
/* sub $8, %rsp; call *%rdi; add $8, %rsp; ret */
static const unsigned char made[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd7,
                                     0x48, 0x83, 0xc4, 0x08, 0xc3};
#elif defined(__aarch64__)
__asm__(".text\n"
        "enter: sub sp, sp, #176; stp x19, x20, [sp]; stp x21, x22, [sp, #16]\n"
        " stp x23, x24, [sp, #32]; stp x25, x26, [sp, #48]; stp x27, x28, [sp, #64]\n"
        " stp x29, x30, [sp, #80]; stp d8, d9, [sp, #96]; stp d10, d11, [sp, #112]\n"
        " stp d12, d13, [sp, #128]; stp d14, d15, [sp, #144]\n"
        " adrp x9, outside; mov x10, sp; str x10, [x9, #:lo12:outside]\n"
        " mov sp, x0; mov x30, x2; br x1\n"
        "leave: adrp x9, outside; ldr x10, [x9, #:lo12:outside]; mov sp, x10\n"
        " ldp x19, x20, [sp]; ldp x21, x22, [sp, #16]; ldp x23, x24, [sp, #32]\n"
        " ldp x25, x26, [sp, #48]; ldp x27, x28, [sp, #64]; ldp x29, x30, [sp, #80]\n"
        " ldp d8, d9, [sp, #96]; ldp d10, d11, [sp, #112]; ldp d12, d13, [sp, #128]\n"
        " ldp d14, d15, [sp, #144]; add sp, sp, #176; ret\n"
        "unmarked: str x30, [sp, #-32]!; blr x0; ldr x30, [sp], #32; ret\n"
        "crooked: stp x29, x30, [sp, #-16]!; mov x29, #9; blr x0; ldp x29, x30, [sp], #16; ret\n");
/* str x30, [sp, #-16]!; blr x0; ldr x30, [sp], #16; ret */
static const unsigned char made[] = {0xfe, 0x0f, 0x1f, 0xf8, 0x00, 0x00, 0x3f, 0xd6,
                                     0xfe, 0x07, 0x41, 0xf8, 0xc0, 0x03, 0x5f, 0xd6};
#endif

#if defined(__x86_64__) || defined(__aarch64__)

void *outside __attribute__((visibility("hidden")));

enum { STACK = 64 << 10 };

/* SIGSTKSZ, as programs have it compiled in. The kernel's own part is 4.6 KiB on AArch64. */
#ifdef __x86_64__
enum { SIGNAL_STACK = 8 << 10 };
#else
enum { SIGNAL_STACK = 16 << 10 };
#endif

static int watched;

/* One call of each kind that is recorded with its callers. */
static void make_calls(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    CHECK(epfd >= 0);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, watched, &event), 0);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, watched, &event), -1);
    CHECK_EQ(errno, EEXIST);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_DEL, watched, NULL), 0);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_DEL, watched, NULL), -1);
    CHECK_EQ(errno, ENOENT);
    CHECK_EQ(close(epfd), 0);
}

static void make_calls_and_leave(void)
{
    make_calls();
    leave();
}

/* The end of a mapping with no memory below and above. */
static void *stack_of(size_t size)
{
    char *memory = mmap(NULL, size + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(mprotect(memory + 4096, size, PROT_READ | PROT_WRITE), 0);
    return memory + 4096 + size;
}

/* What may stand where the first frame of a coroutine has its return address. */
static void with_dummies(void)
{
    void *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *gone = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static char data[64];
    CHECK(none != MAP_FAILED && gone != MAP_FAILED);
    CHECK_EQ(munmap(gone, 4096), 0);
    const uintptr_t dummies[] = {
        (uintptr_t)0xdeaddeaddeaddead, 0, 1, 0x10, 0xfff, UINTPTR_MAX, UINTPTR_MAX >> 1,
        (uintptr_t)none, (uintptr_t)none + 4095, (uintptr_t)gone, (uintptr_t)gone + 1,
        (uintptr_t)data, (uintptr_t)&make_calls, (uintptr_t)&make_calls + 1, (uintptr_t)&enter,
        (uintptr_t)&leave + 1, 0xffffffffff600000,
    };
    for (size_t i = 0; i < sizeof(dummies) / sizeof(*dummies); i++)
        enter(stack_of(STACK), make_calls_and_leave, dummies[i]);
}

/* An address in a module that was closed since. */
static void after_its_module(void)
{
    void *module = dlopen("libm.so.6", RTLD_NOW);
    void *function = module ? dlsym(module, "lgamma") : NULL;
    if (function == NULL)
        return;
    enter(stack_of(STACK), make_calls_and_leave, (uintptr_t)function + 5);
    CHECK_EQ(dlclose(module), 0);
    enter(stack_of(STACK), make_calls_and_leave, (uintptr_t)function + 5);
}

static atomic_bool is_enough;

static void *open_and_close(void *unused)
{
    while (!is_enough) {
        void *module = dlopen("libm.so.6", RTLD_NOW);
        if (module != NULL)
            CHECK_EQ(dlclose(module), 0);
    }
    return unused;
}

/* Another thread changes what is loaded meanwhile. */
static void beside_a_thread_that_opens_and_closes(void)
{
    pthread_t thread;
    void *module = dlopen("libm.so.6", RTLD_NOW);
    void *function = module ? dlsym(module, "lgamma") : NULL;
    if (function == NULL)
        return;
    CHECK_EQ(dlclose(module), 0);
    CHECK_EQ(pthread_create(&thread, NULL, open_and_close, NULL), 0);
    void *top = stack_of(STACK);
    for (int i = 0; i < 200; i++)
        enter(top, make_calls_and_leave, (uintptr_t)function + 5);
    is_enough = true;
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static ucontext_t here, there;

static void in_context(void)
{
    make_calls();
}

static void with_contexts(void)
{
    char *top = stack_of(STACK);
    CHECK_EQ(getcontext(&there), 0);
    there.uc_stack.ss_sp = top - STACK;
    there.uc_stack.ss_size = STACK;
    there.uc_link = &here;
    makecontext(&there, in_context, 0);
    CHECK_EQ(swapcontext(&here, &there), 0);
}

/* Code that was made at run time: it is in no module, and no table describes it. */
static void in_made_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    memcpy(page, made, sizeof(made));
    CHECK_EQ(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
    __builtin___clear_cache((char *)page, (char *)page + sizeof(made));
    void (*run)(void (*)(void));
    memcpy(&run, &page, sizeof(run));
    run(make_calls);
    run(with_dummies);
}

static void on_signal(int number)
{
    (void)number;
    make_calls();
}

static void raise_it(void)
{
    CHECK_EQ(raise(SIGUSR1), 0);
}

static void raise_it_and_leave(void)
{
    raise_it();
    leave();
}

/* A handler on an alternate stack of this size, at every place where a signal can come. */
static void in_handlers(size_t size)
{
    stack_t alternate = {.ss_sp = (char *)stack_of(size) - size, .ss_size = size};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    CHECK_EQ(sigaltstack(&alternate, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    raise_it();
    unmarked(raise_it);
    crooked(raise_it);
    enter(stack_of(STACK), raise_it_and_leave, 0xdeaddeaddeaddead);
    alternate.ss_flags = SS_DISABLE;
    CHECK_EQ(sigaltstack(&alternate, NULL), 0);
    raise_it();
}

static void *everything(void *unused)
{
    make_calls();
    with_dummies();
    after_its_module();
    with_contexts();
    in_made_code();
    unmarked(make_calls);
    unmarked(with_dummies);
    crooked(make_calls);
    crooked(with_dummies);
    in_handlers(SIGNAL_STACK);
    return unused;
}

static int in_child(void *unused)
{
    (void)unused;
    everything(NULL);
    return 0;
}

int main(void)
{
    pthread_t thread;
    int status;
    watched = eventfd(0, EFD_CLOEXEC);
    CHECK(watched >= 0);
    /* First of all: the checker has recorded no callers yet. */
    in_handlers(SIGNAL_STACK);
    everything(NULL);
    beside_a_thread_that_opens_and_closes();
    CHECK_EQ(pthread_create(&thread, NULL, everything, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    pid_t child = clone(in_child, stack_of(STACK), SIGCHLD, NULL);
    CHECK(child > 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    return 0;
}

#else

int main(void)
{
    return 0;
}

#endif
