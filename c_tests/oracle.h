/* The same source, twice: against libepshim, and with -DEPSHIM_ORACLE against libc's own epoll.
 * What the two builds do must not differ. */
#ifndef ORACLE_H
#define ORACLE_H

#include "epshim.h"

#ifdef EPSHIM_ORACLE
#include <unistd.h>
#define epshim_create1 epoll_create1
#define epshim_ctl epoll_ctl
#define epshim_wait epoll_wait
#define epshim_pwait epoll_pwait
#define epshim_pwait2 epoll_pwait2
#define epshim_close close
#endif

#endif
