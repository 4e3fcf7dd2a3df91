/* The numbers of the system calls that have hooks. No architecture has all of them: the others get
 * numbers that are none, so that they may stand in a switch. */
#ifndef EPSHIM_NUMBERS_H
#define EPSHIM_NUMBERS_H

#include <sys/syscall.h>

#ifndef SYS_epoll_create
#define SYS_epoll_create (-10001)
#endif
#ifndef SYS_epoll_wait
#define SYS_epoll_wait (-10002)
#endif
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 (-10003)
#endif
#ifndef SYS_dup2
#define SYS_dup2 (-10004)
#endif
#ifndef SYS_fcntl
#define SYS_fcntl (-10005)
#endif
#ifndef SYS_fcntl64
#define SYS_fcntl64 (-10006)
#endif
#ifndef SYS_recv
#define SYS_recv (-10007)
#endif
#ifndef SYS_recvmmsg
#define SYS_recvmmsg (-10008)
#endif
#ifndef SYS_recvmmsg_time64
#define SYS_recvmmsg_time64 (-10009)
#endif
#ifndef SYS_accept
#define SYS_accept (-10010)
#endif
#ifndef SYS_accept4
#define SYS_accept4 (-10011)
#endif
#ifndef SYS_send
#define SYS_send (-10012)
#endif
#ifndef SYS_sendfile
#define SYS_sendfile (-10013)
#endif
#ifndef SYS_sendfile64
#define SYS_sendfile64 (-10014)
#endif
#ifndef SYS_close_range
#define SYS_close_range (-10015)
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup (-10016)
#endif
#ifndef SYS_recvfrom
#define SYS_recvfrom (-10017)
#endif
#ifndef SYS_recvmsg
#define SYS_recvmsg (-10018)
#endif
#ifndef SYS_sendto
#define SYS_sendto (-10019)
#endif
#ifndef SYS_sendmsg
#define SYS_sendmsg (-10020)
#endif
#ifndef SYS_sendmmsg
#define SYS_sendmmsg (-10021)
#endif
#ifndef SYS_shutdown
#define SYS_shutdown (-10022)
#endif
#ifndef SYS_preadv2
#define SYS_preadv2 (-10023)
#endif
#ifndef SYS_pwritev2
#define SYS_pwritev2 (-10024)
#endif

#endif
