/* include/epshim.h alone, under each dialect of C and C++: it is self-contained, may be included
 * twice, and declares every function with the type given here. Compiled, linked and run. */
#include "epshim.h"
#include "epshim.h"

int main(void)
{
    int (*create1)(int) = epshim_create1;
    int (*ctl)(int, int, int, struct epoll_event *) = epshim_ctl;
    int (*wait)(int, struct epoll_event *, int, int) = epshim_wait;
    int (*pwait)(int, struct epoll_event *, int, int, const sigset_t *) = epshim_pwait;
    int (*pwait2)(int, struct epoll_event *, int, const struct timespec *, const sigset_t *) =
        epshim_pwait2;
    int (*close)(int) = epshim_close;
    int (*add)(int, int, uint32_t, uint64_t) = epshim_add;
    int (*modify)(int, int, uint32_t, uint64_t) = epshim_modify;
    int (*remove)(int, int) = epshim_delete;
    int (*wait_split)(int, uint32_t *, uint64_t *, int, int64_t) = epshim_wait_split;
    int (*layout)(struct epshim_layout *) = epshim_layout;
    const char *(*version)(void) = epshim_version;

    struct epshim_layout described;
    if (layout(&described) != 0 || described.size != sizeof(struct epoll_event))
        return 1;
    return !(create1 && ctl && wait && pwait && pwait2 && close && add && modify && remove &&
             wait_split && version);
}
