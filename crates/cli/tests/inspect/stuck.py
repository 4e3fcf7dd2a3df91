# Stuck in one way, as stuck.c: `stuck.py WAY` says "stuck" when it is, and at SIGTERM what it has seen. An interrupted
# wait is begun again by Python itself (PEP 475), so none is counted.
import ctypes, os, resource, select, signal, socket, struct, subprocess, sys, threading, time

delivered = 0
ep = select.epoll()
IN, OUT, PRI, ET, ONESHOT = select.EPOLLIN, select.EPOLLOUT, select.EPOLLPRI, select.EPOLLET, select.EPOLLONESHOT


def on_term(*_):
    os.write(1, b"interrupted 0 delivered %d\n" % delivered)
    os._exit(0)


def stuck():
    print("stuck", flush=True)


def turn(timeout=-1):
    global delivered
    found = ep.poll(timeout)
    delivered += len(found)
    return found


def loop(timeout=-1):
    stuck()
    while True:
        turn(timeout)


def listening():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    return listener


def connection():
    """The loop's end of a connection, and the other one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
        ours.setblocking(False)
        return ours, peer


def add(what, events):
    ep.register(what, events)


def registered(events, text=b""):
    ours, peer = connection()
    add(ours, events)
    peer.send(text)
    return ours, peer


def take(ours, size):
    turn()
    ours.recv(size)


def forked():
    """Whether this is a child, which ends with its parent."""
    parent = os.getpid()
    if os.fork():
        return False
    def watch():
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(0)
    threading.Thread(target=watch, daemon=True).start()
    return True


def edge(): ours, peer = registered(IN | ET, b"0123456789"); take(ours, 4); loop()
def edge_unix():
    ours, peer = socket.socketpair()
    add(ours, IN | ET); peer.send(b"0123456789"); take(ours, 4); loop()
def edge_pipe():
    read, write = os.pipe()
    add(read, IN | ET); os.write(write, b"0123456789"); turn(); os.read(read, 4); loop()
def edge_listener():
    listener = listening()
    add(listener, IN | ET)
    peers = [socket.create_connection(listener.getsockname()) for _ in range(2)]
    turn(); accepted = listener.accept(); loop()
def oneshot(): ours, peer = registered(IN | ONESHOT, b"0123456789"); take(ours, 4); loop()
def eof(): ours, peer = registered(PRI); peer.close(); loop()
def eof_edge(): ours, peer = registered(IN | ET); peer.close(); turn(); loop()
def ghost(): ours, peer = registered(IN, b"x"); kept = os.dup(ours.fileno()); ours.close(); loop()
def ghost_fork():
    ours, peer = registered(IN)
    if forked():
        while True: signal.pause()
    peer.send(b"x"); ours.close(); loop()
def close_wait(): ours, peer = registered(IN); peer.close(); loop()
def unread(): ours, peer = registered(IN, b"x"); loop()
def eventfd(): fd = os.eventfd(1); add(fd, IN); loop()
def out(): ours, peer = registered(IN | OUT); loop()
def reset():
    ours, peer = registered(0)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); peer.close(); loop()
def zero(): ours, peer = registered(IN); loop(0)
def accept_spin():
    listener = listening()
    add(listener, IN)
    peer = socket.create_connection(listener.getsockname())
    limit = os.dup(0); os.close(limit)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    stuck()
    while True:
        try:
            turn(); listener.accept()
        except OSError:
            pass
def blocking():
    ours, peer = connection()
    ours.setblocking(True)
    add(ours, IN)
    stuck()
    ours.recv(1)
def elsewhere():
    registered_ones = registered(IN, b"x")
    lock = threading.Lock(); lock.acquire()
    stuck()
    lock.acquire()
def sleeps():
    registered_ones = registered(IN, b"x")
    stuck()
    time.sleep(1000)
def computes():
    registered_ones = registered(IN, b"x")
    stuck()
    while True: pass
def nobody():
    registered_ones = registered(IN, b"x")
    stuck()
    signal.pause()
def nobody_idle():
    registered_ones = registered(IN)
    stuck()
    signal.pause()
def backlog():
    listener = listening()
    add(listener, 0)
    peer = socket.create_connection(listener.getsockname())
    loop()
def inherited():
    registered_ones = registered(IN)
    os.set_inheritable(ep.fileno(), True)
    die_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    null = subprocess.DEVNULL
    child = subprocess.Popen(["sleep", "1000"], close_fds=False, stdout=null, stderr=null, preexec_fn=die_with_parent)
    loop()
def fork_shared():
    registered_ones = registered(IN)
    if forked():
        while True: turn()
    loop()
def crowd():
    registered_ones = registered(IN)
    threading.Thread(target=turn, daemon=True).start()
    loop()
def closed():
    registered_ones = registered(IN)
    threading.Thread(target=turn, daemon=True).start()
    waits = lambda tid: "poll" in open(f"/proc/self/task/{tid}/wchan").read()
    while not any(map(waits, os.listdir("/proc/self/task"))):
        time.sleep(0.01)
    ep.close()
    stuck()
    signal.pause()


signal.signal(signal.SIGTERM, on_term)
globals()[sys.argv[1]]()
