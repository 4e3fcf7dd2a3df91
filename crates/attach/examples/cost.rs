//! What two looks at a process cost, in processor time of this one: `cargo run --release -p epshim-attach --example cost
//! -- PID [ROUNDS]`. Or, with `all` for the process, at every process of the machine that has an epoll.

use epshim_attach::gather::{self, Options, Order, Round, Target};
use epshim_attach::verdicts;
use rustix::time::{ClockId, clock_gettime};

fn now() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn main() {
    let mut words = std::env::args().skip(1);
    let what = words.next().expect("a process, or `all`");
    let rounds = words.next().map_or(20, |word| word.parse().expect("a number"));
    let mut costs: Vec<[f64; 4]> = (0..rounds).map(|_| once(&what)).collect();
    costs.sort_by(|one, other| one[3].total_cmp(&other[3]));
    for (name, costs) in [("least", costs[0]), ("median", costs[costs.len() / 2])] {
        let [first, second, judged, all] = costs;
        println!(
            "{name}: first look {first:.1} ms, second {second:.1}, judged {judged:.1}, all {all:.1}"
        );
    }
}

fn once(what: &str) -> [f64; 4] {
    let start = now();
    let (pids, round): (Vec<i32>, Box<dyn Fn() -> Round>) = match what {
        "all" => {
            let (found, _) = gather::with_epolls().expect("/proc");
            let pids = found.iter().map(|one| one.pid).collect();
            (pids, Box::new(move || Round::of_all(&found)))
        }
        pid => (vec![pid.parse().expect("a process id")], Box::new(|| Round::of(1))),
    };
    let options = Options { copies: false };
    let first = round();
    let looked = pids.into_iter().filter_map(|pid| {
        let mut target = Target::of(pid).ok()?;
        let look = target.look(Order::ThreadsFirst, options, &first).ok()?;
        Some((target, look))
    });
    let looked: Vec<_> = looked.collect();
    let between = now();
    let second = round();
    let each = looked.into_iter().filter_map(|(mut target, before)| {
        Some((before, target.look(Order::ThreadsLast, options, &second).ok()?))
    });
    let pairs: Vec<_> = each.collect();
    let behind = now();
    let found: usize = pairs.iter().map(|(before, now)| verdicts::judge(before, now).len()).sum();
    std::hint::black_box(found);
    let end = now();
    [between - start, behind - between, end - behind, end - start]
}
