// What is not epoll's, though it looks like it: names in scopes, a shape with a name, a function of another class.
#include <cstdint>
#define epoll_pwait hidden
#include <sys/epoll.h>
#undef epoll_pwait
#include <vector>

namespace loop {
struct Event {
    int kind;
    uint32_t count;
    void *pointer;
};
struct epoll_event {
    uint32_t events;
    uint64_t data;
};
struct Pair {
    uint32_t events;
    uint64_t data;
};
int epoll_wait(int, Pair *pair, int, int) { return pair->events; }
} // namespace loop

// Hides the type, as a prototype of another language does.
extern "C" int epoll_pwait(int, void *, int, int, const void *) noexcept;

int main()
{
    loop::Event event{1, 2, nullptr};
    loop::epoll_event other{1, 2};
    loop::Pair pair{1, 2};
    std::vector<::epoll_event> events(4);
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &events[0]);
    return event.kind + other.events + loop::epoll_wait(0, &pair, 0, 0);
}
