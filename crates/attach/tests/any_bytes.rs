//! The readers take any bytes: what the kernel says, pieces of it, and what it would never say. Each target is a plain
//! function on bytes (`epshim_attach::any_bytes`), which cargo-fuzz can call as it is; here a fixed corpus goes through
//! all of them, whole, cut at every place and changed at random.

use epshim_attach::any_bytes::TARGETS;
use proptest::prelude::*;

/// What Linux 6.18 and gVisor write, and what nothing writes.
const CORPUS: &[&[u8]] = &[
    b"pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1038\ntfd:        5 events:       19 data:                5  pos:0 ino:3f sdev:10\n",
    b"tfd: 7 events: 8000201d data: ffffffffffffffff pos: 0 ino: 12 sdev: 9\ntfd: events: data:\n",
    b"tfd:-1 events:ffffffffffffffff data:xyz\n",
    b"eventfd-count:                7\neventfd-id: 3\neventfd-semaphore: 0\n",
    b"clockid: 1\nticks: 1\nsettime flags: 00\nit_value: (0, 0)\n",
    b"sigmask:\t0000000000000200\nPid:\t-1\nNSpid:\t\n",
    b"4711 (a) R (b)) S 1 4711 4711 0 -1 4194560 90 0 0 0 3 4 0 0 20 0 1 0 1234 1 2 3\n",
    b"4711 (", b")", b"",
    b"Name:\tx\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000004000\nvoluntary_ctxt_switches:\t3\nnonvoluntary_ctxt_switches:\t18446744073709551616\n",
    b"232 0x4 0x7ffd 0x40 0xffffffffffffffff 0x0 0x0 0x7ffd1000 0x7f1200\n", b"running\n", b"-1 0x7ffd 0x7f12\n", b"-1 0x\n",
    b"Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 unlimited            files     \n",
    b"rchar: 1\nwchar: 2\nsyscr: 3\n",
    b"7f0000000000-7f0000001000 r-xp 00002000 fd:00 123   /usr/lib/a b.so (deleted)\n7f00-7f00 r--p 0 0 0\n-\nfff\n",
    b"socket:[12]", b"socket:[]", b"pipe:[99999999999999999999]", b"anon_inode:[eventpoll]", b"anon_inode:[", b"/dev/null",
    b"  sl  local_address rem_address   st\n   0: 0100007F:1F90 0100007F:C350 08 00000000:00000001 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0\n",
    b"Num RefCount Protocol Flags Type St Inode Path\n0: 00000002 00000000 00010000 0001 01 22222 /run/a b\n",
];

/// Netlink messages: an inet_diag answer of one socket, an error, an end.
fn messages() -> Vec<Vec<u8>> {
    let message = |kind: u16, body: &[u8]| {
        let mut bytes = ((16 + body.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(body);
        bytes
    };
    let mut socket = vec![2, 8, 0, 0];
    socket.extend([0x1f, 0x90, 0xc3, 0x50]);
    socket.extend([127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    socket.resize(72, 1);
    let bare = message(20, &socket);
    // An attribute that is longer than what follows, and one of no length.
    socket.extend([200, 0, 2, 0, 1, 2, 3, 4]);
    let long = message(20, &socket);
    socket.truncate(72);
    socket.extend([0, 0, 2, 0]);
    let none = message(20, &socket);
    let all = [bare.clone(), message(3, &[0; 4])].concat();
    vec![bare, long, none, all, message(2, &[255, 255, 255, 255]), vec![255; 40]]
}

fn through_all(bytes: &[u8]) {
    for (_, target) in TARGETS {
        target(bytes);
    }
}

#[test]
fn the_corpus_whole_and_cut_at_every_place() {
    let texts = CORPUS.iter().map(|text| text.to_vec());
    for bytes in texts.chain(messages()) {
        for end in 0..=bytes.len() {
            through_all(&bytes[..end]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_at_all(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        through_all(&bytes);
    }

    #[test]
    fn the_corpus_changed(
        which in 0..100usize,
        changes in proptest::collection::vec((0..400usize, any::<u8>()), 1..8),
    ) {
        let all: Vec<Vec<u8>> =
            CORPUS.iter().map(|text| text.to_vec()).chain(messages()).collect();
        let mut bytes = all[which % all.len()].clone();
        for (place, byte) in changes {
            if let Some(old) = bytes.get_mut(place) {
                *old = byte;
            }
        }
        through_all(&bytes);
    }
}
