// The emitted declarations in PHP: three pipes, one wait. The lines that load them are put before.
$libc = FFI::cdef('int pipe(int ends[2]); long write(int fd, const char *bytes, size_t count); int *__errno_location(void);');

function check(bool $condition, string $what): void
{
    $condition || throw new Exception($what);
}

function bits(FFI\CData $event): string
{
    return FFI::string(FFI::addr($event->data), 8);
}

$event = function (int $events, string $bits) use ($c): FFI\CData {
    $event = $c->new('struct epoll_event');
    $event->events = $events;
    FFI::memcpy(FFI::addr($event->data), $bits, 8);
    return $event;
};

check(FFI::sizeof($c->type('struct epoll_event')) === SIZE, 'size');
$epfd = $c->epoll_create1($c->EPOLL_CLOEXEC);
check($epfd >= 0, 'epoll_create1');
$ends = $libc->new('int[2]');
for ($i = 0; $i < 3; $i++) {
    check($libc->pipe($ends) === 0 && $libc->write($ends[1], 'x', 1) === 1, 'pipe');
    $wanted = $event($c->EPOLLIN | $c->EPOLLET, pack('P', 0x7edcba9876543210 + $i));
    check($c->epoll_ctl($epfd, $c->EPOLL_CTL_ADD, $ends[0], FFI::addr($wanted)) === 0, 'ADD');
}
$events = $c->new('struct epoll_event[4]');
check($c->epoll_wait($epfd, $events, 4, 0) === 3, 'three events');
$seen = [];
for ($i = 0; $i < 3; $i++) {
    check($events[$i]->events === $c->EPOLLIN, 'events');
    $seen[] = unpack('P', bits($events[$i]))[1] - 0x7edcba9876543210;
}
sort($seen);
check($seen === [0, 1, 2], 'data');
check($c->epoll_wait($epfd, $events, 4, 0) === 0, 'edge-triggered: not again');

$changed = $event($c->EPOLLIN, str_repeat("\xff", 8));
check($c->epoll_ctl($epfd, $c->EPOLL_CTL_MOD, $ends[0], FFI::addr($changed)) === 0, 'MOD');
check($c->epoll_wait($epfd, $events, 4, 0) === 1 && bits($events[0]) === str_repeat("\xff", 8), 'all bits');
check($c->epoll_ctl($epfd, $c->EPOLL_CTL_DEL, $ends[0], null) === 0, 'DEL');
check($c->epoll_ctl($epfd, $c->EPOLL_CTL_DEL, $ends[0], null) === -1, 'DEL again');
check($libc->__errno_location()[0] === 2, 'ENOENT');
echo "round trip: ok\n";
