//! Any observation: each sort, with any values that a front-end can hand in.

use epshim_observe::{
    Answer, AtFailure, Call, Delivery, EmptyWait, Ended, Frame, Interpreted, Kind, Language,
    Listed, Observation, Site, Symbol, What,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::result;
use proptest::sample::select;
use std::borrow::Cow;

fn errno() -> impl Strategy<Value = i32> {
    prop_oneof![select(vec![1, 2, 4, 9, 11, 12, 14, 17, 22, 24, 28, 32, 40, 104]), 1..4096]
}

fn bits() -> impl Strategy<Value = u32> {
    prop_oneof![select(vec![0, 1, 4, 5, 0x8000_0001, 0x2019]), any::<u32>()]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..300_u64, any::<u64>()]
}

fn at_failure(errno: i32) -> impl Strategy<Value = Option<AtFailure>> {
    let at = (any::<Option<bool>>(), any::<bool>(), option::of(number()));
    option::of(at.prop_map(move |(epfd, fd_is_open, unread)| AtFailure {
        errno,
        epfd,
        fd_is_open,
        unread,
    }))
}

fn failure() -> impl Strategy<Value = (i32, Option<AtFailure>)> {
    errno().prop_flat_map(|errno| (Just(errno), at_failure(errno)))
}

fn ended() -> impl Strategy<Value = Ended> {
    prop_oneof![
        (number(), number()).prop_map(|(bytes, asked)| Ended::Moved { bytes, asked }),
        errno().prop_map(Ended::Failed),
    ]
}

fn file() -> impl Strategy<Value = (u64, u64)> {
    (number(), number())
}

fn listed() -> impl Strategy<Value = Listed> {
    (any::<i32>(), bits(), number(), file()).prop_map(|(fd, events, data, file)| Listed {
        fd,
        events,
        data,
        file,
    })
}

fn answer() -> impl Strategy<Value = Answer> {
    let fd = any::<i32>;
    prop_oneof![
        (fd(), option::of(bits())).prop_map(|(fd, ready)| Answer::Poll { fd, ready }),
        (fd(), option::of(vec(listed(), 0..4)))
            .prop_map(|(epfd, listed)| Answer::Fdinfo { epfd, listed }),
        (fd(), option::of(number())).prop_map(|(fd, bytes)| Answer::Unread { fd, bytes }),
        (fd(), number()).prop_map(|(fd, traffic)| Answer::Traffic { fd, traffic }),
        (fd(), option::of(file())).prop_map(|(fd, file)| Answer::File { fd, file }),
        (fd(), fd(), any::<Option<i32>>()).prop_map(|(epfd, fd, keeper)| Answer::Keeper {
            epfd,
            fd,
            keeper
        }),
        (fd(), any::<bool>()).prop_map(|(fd, has)| Answer::BothEnds { fd, has }),
        (fd(), any::<bool>()).prop_map(|(tid, is)| Answer::Alive { tid, is }),
        (fd(), any::<bool>()).prop_map(|(tid, is)| Answer::OnItsWay { tid, is }),
        (fd(), any::<bool>()).prop_map(|(fd, was)| Answer::WasClosed { fd, was }),
        (fd(), option::of(number())).prop_map(|(tid, nanos)| Answer::ProcessorTime { tid, nanos }),
        (fd(), option::of(file())).prop_map(|(fd, thread)| Answer::Deaf { fd, thread }),
        (number(), option::of(file())).prop_map(|(inode, holder)| Answer::Holder { inode, holder }),
        (fd(), any::<Option<bool>>()).prop_map(|(epfd, is_epoll)| Answer::Epfd { epfd, is_epoll }),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["", "-", "/usr/lib/libc.so.6", "[ -~]{0,12}", ".{0,8}"]
}

fn frame() -> impl Strategy<Value = Frame> {
    let symbol = (name(), name(), any::<u32>()).prop_map(|(function, file, line)| Symbol {
        function,
        file,
        line,
    });
    let language =
        prop_oneof![Just(Language::Python), Just(Language::JavaScript), Just(Language::Java)];
    let interpreted = (language, any::<bool>())
        .prop_map(|(language, is_users)| Interpreted { language, is_users });
    (name(), number(), vec(symbol, 0..3), option::of(interpreted)).prop_map(
        |(module, offset, symbols, interpreted)| Frame { module, offset, symbols, interpreted },
    )
}

fn ctl() -> impl Strategy<Value = What<'static>> {
    let ended = prop_oneof![Just((0, None)), failure()];
    let op = prop_oneof![1..4, any::<i32>()];
    (op, any::<[i32; 2]>(), bits(), number(), any::<Option<u32>>(), ended).prop_map(
        |(op, [epfd, fd], events, data, padding, (errno, at))| What::Ctl {
            op,
            epfd,
            fd,
            events,
            data,
            padding,
            errno,
            at,
        },
    )
}

fn delivery() -> impl Strategy<Value = Delivery> {
    (bits(), number()).prop_map(|(events, data)| Delivery { events, data })
}

fn what() -> impl Strategy<Value = What<'static>> {
    let fd = any::<i32>;
    let call = || select(Call::ALL.to_vec());
    let calls = prop_oneof![
        fd().prop_map(|epfd| What::Create { epfd }),
        (fd(), select(Kind::ALL.to_vec()), any::<bool>())
            .prop_map(|(fd, kind, may_block)| What::Open { fd, kind, may_block }),
        (1..4, fd(), fd()).prop_map(|(op, epfd, fd)| What::CtlBegins { op, epfd, fd }),
        ctl(),
        (fd(), prop_oneof![Just(-1), any::<i64>()])
            .prop_map(|(epfd, timeout)| What::Wait { epfd, timeout }),
        vec(delivery(), 0..5)
            .prop_map(|deliveries| What::Got { deliveries: Cow::Owned(deliveries) }),
        (fd(), vec((any::<u32>(), any::<u32>()), 0..5)).prop_map(|(epfd, waits)| {
            let waits = waits.into_iter().map(|(after, took)| EmptyWait { after, took });
            What::EmptyWaits { epfd, waits: waits.collect() }
        }),
        failure().prop_map(|(errno, at)| What::WaitFailed { errno, at }),
        (fd(), ended()).prop_map(|(fd, ended)| What::Read { fd, ended }),
        (fd(), ended()).prop_map(|(fd, ended)| What::Write { fd, ended }),
        fd().prop_map(|fd| What::Touch { fd }),
        (fd(), result::maybe_ok(fd(), errno()))
            .prop_map(|(fd, accepted)| What::Accept { fd, accepted }),
        (fd(), prop_oneof![Just(0), errno()]).prop_map(|(fd, errno)| What::Connect { fd, errno }),
    ];
    let others = prop_oneof![
        (fd(), bits()).prop_map(|(fd, events)| What::Poll { fd, events }),
        (fd(), bits()).prop_map(|(fd, ready)| What::Polled { fd, ready }),
        fd().prop_map(|fd| What::Shutdown { fd }),
        (fd(), option::of(number())).prop_map(|(fd, unread)| What::Close { fd, unread }),
        (fd(), fd()).prop_map(|(from, to)| What::Dup { from, to }),
        (fd(), call(), number(), any::<bool>())
            .prop_map(|(fd, call, nanos, is_over)| What::Blocked { fd, call, nanos, is_over }),
        fd().prop_map(|fd| What::Unwritten { fd }),
        fd().prop_map(|fd| What::ErrorTaken { fd }),
        (fd(), any::<u32>()).prop_map(|(fd, moved)| What::Futile { fd, moved }),
        (fd(), number()).prop_map(|(fd, inode)| What::ClosedInheritable { fd, inode }),
        (fd(), errno()).prop_map(|(fd, errno)| What::StaleUse { fd, errno }),
        fd().prop_map(|fd| What::Took { fd }),
        (fd(), errno()).prop_map(|(fd, errno)| What::Unconnected { fd, errno }),
        fd().prop_map(|fd| What::ClosedEmpty { fd }),
        (fd(), bits()).prop_map(|(fd, ready)| What::Unguarded { fd, ready }),
        (fd(), number(), name(), any::<bool>(), fd(), fd()).prop_map(
            |(epfd, nanos, call, is_over, write_end, read_end)| What::Stalled {
                epfd,
                nanos,
                call,
                is_over,
                write_end,
                read_end
            }
        ),
        fd().prop_map(|fd| What::Hold { fd }),
        fd().prop_map(|fd| What::LetGo { fd }),
        fd().prop_map(|parent| What::Fork { parent }),
        (fd(), fd()).prop_map(|(epfd, other)| What::Shared { epfd, other }),
        fd().prop_map(|signal| What::Died { signal }),
        number().prop_map(|records| What::Dropped { records }),
    ];
    let places = prop_oneof![
        vec(frame(), 0..4).prop_map(|frames| What::Place { frames }),
        (fd(), vec(frame(), 0..4)).prop_map(|(fd, frames)| What::Belongs { fd, frames }),
        vec(number(), 0..4).prop_map(|addresses| What::Callers { addresses }),
        (name(), number(), number(), number())
            .prop_map(|(module, base, start, end)| What::Mapped { module, base, start, end }),
        number().prop_map(|epoch| What::Start { epoch }),
    ];
    let bare =
        vec![What::Exec, What::ThreadEnds, What::Finish, What::Nothing, What::Look, What::Looked];
    prop_oneof![
        4 => calls,
        4 => others,
        1 => select(bare),
        4 => answer().prop_map(What::Kernel),
        2 => places,
    ]
}

pub fn observation() -> impl Strategy<Value = Observation<'static>> {
    (number(), any::<i32>(), any::<i32>(), number(), what())
        .prop_map(|(at, pid, tid, site, what)| Observation { at, pid, tid, site: Site(site), what })
}
