//! What the library exports: libc's names, each a jump to its hook in C.
//!
//! Why not C alone: rustc's version script hides the symbols of C objects in a cdylib. Why a jump:
//! the return address in the hook is then the program's, and no Rust frame lies under a call that
//! may block or be cancelled. `exports.txt` is the same list, held by a test.

/// Defines each name as a jump to its hook. Of the signatures nothing is said: the jump leaves
/// arguments, stack and return address alone.
macro_rules! export {
    ($($name:ident => $hook:ident)*) => {$(
        unsafe extern "C" {
            fn $hook();
        }

        // SAFETY: whoever calls libc's function of this name gets to a function of the same type
        // (hooks/hooks.h) with everything as the caller set it.
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name() {
            crate::jump::naked_jump!($hook)
        }
    )*};
}

export! {
    epoll_create => hook_epoll_create
    epoll_create1 => hook_epoll_create1
    epoll_ctl => hook_epoll_ctl
    epoll_wait => hook_epoll_wait
    epoll_pwait => hook_epoll_pwait
    epoll_pwait2 => hook_epoll_pwait2

    close => hook_close
    __close => hook___close
    close_range => hook_close_range
    closefrom => hook_closefrom
    fclose => hook_fclose
    closedir => hook_closedir
    pclose => hook_pclose
    freopen => hook_freopen
    freopen64 => hook_freopen64

    dup => hook_dup
    dup2 => hook_dup2
    __dup2 => hook___dup2
    dup3 => hook_dup3

    fcntl => hook_fcntl
    fcntl64 => hook_fcntl64
    __fcntl => hook___fcntl
    ioctl => hook_ioctl
    shutdown => hook_shutdown

    read => hook_read
    __read => hook___read
    __read_chk => hook___read_chk
    readv => hook_readv
    preadv2 => hook_preadv2
    preadv64v2 => hook_preadv64v2
    eventfd_read => hook_eventfd_read

    recv => hook_recv
    __recv_chk => hook___recv_chk
    recvfrom => hook_recvfrom
    __recvfrom_chk => hook___recvfrom_chk
    recvmsg => hook_recvmsg
    recvmmsg => hook_recvmmsg
    accept => hook_accept
    accept4 => hook_accept4

    write => hook_write
    __write => hook___write
    writev => hook_writev
    pwritev2 => hook_pwritev2
    pwritev64v2 => hook_pwritev64v2
    eventfd_write => hook_eventfd_write

    send => hook_send
    __send => hook___send
    sendto => hook_sendto
    sendmsg => hook_sendmsg
    sendmmsg => hook_sendmmsg

    sendfile => hook_sendfile
    sendfile64 => hook_sendfile64
    splice => hook_splice
    tee => hook_tee
    vmsplice => hook_vmsplice

    syscall => hook_syscall
}

// What programs call that are built with _TIME_BITS=64; not x32's, whose time_t always had 64.
#[cfg(all(target_env = "gnu", target_pointer_width = "32", not(target_arch = "x86_64")))]
export! {
    __epoll_pwait2_time64 => hook___epoll_pwait2_time64
    __fcntl_time64 => hook___fcntl_time64
    __ioctl_time64 => hook___ioctl_time64
    __recvmsg_time64 => hook___recvmsg_time64
    __recvmmsg_time64 => hook___recvmmsg_time64
    __sendmsg_time64 => hook___sendmsg_time64
    __sendmmsg_time64 => hook___sendmmsg_time64
}
