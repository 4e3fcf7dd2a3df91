/* An addon of Node's, without its headers: calls of epoll_ctl that fail, in a function that JavaScript has called, in a
 * signal handler, and while V8 collects. */
#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>

static int epfd;

static void fails(int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);
}

static void on_signal(int number)
{
    (void)number;
    fails(902);
}

static void on_collection(void *isolate, int type, int flags)
{
    (void)isolate, (void)type, (void)flags;
    fails(903);
}

static void watch_collections(const char *name)
{
    void *(*current)(void);
    void (*add)(void *isolate, void (*callback)(void *, int, int), int types);
    *(void **)&current = dlsym(RTLD_DEFAULT, "_ZN2v87Isolate13TryGetCurrentEv");
    *(void **)&add = dlsym(RTLD_DEFAULT, name);
    if (current && add)
        add(current(), on_collection, 0x1f);
}

void *napi_register_module_v1(void *environment, void *exports);

void *napi_register_module_v1(void *environment, void *exports)
{
    (void)environment;
    epfd = epoll_create1(0);
    for (int i = 0; i < 200; i++)
        fails(901);
    signal(SIGUSR2, on_signal);
    for (int i = 0; i < 200; i++)
        raise(SIGUSR2);
    watch_collections("_ZN2v87Isolate21AddGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEES2_");
    watch_collections("_ZN2v87Isolate21AddGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEES2_");
    return exports;
}
