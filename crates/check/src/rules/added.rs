//! A rule that only tests have. It proves that a rule is a file and a line in the list: nothing else of the
//! crate names it, and all that it listens to is there for other rules.
//!
//! It finds every `epoll_ctl`, once for each registration at a time, and counts them in a state of its own.

use crate::engine::{About, Answer, Case, Certainty, Engine, Explanation, Hook};
use crate::engine::{Record, Role, Rule};
use crate::model::Moment;
use epshim_observe::{Ctl, Kernel, Nanos, Observation, Site, Table, What, bits};

pub(crate) const RECORD: Record = Record {
    name: "added",
    emits: &[Certainty::Suspected, Certainty::Note],
    listens: &[Hook::CtlMade(made)],
    page: PAGE,
};

const PAGE: Explanation = Explanation {
    finds: "Every epoll_ctl.",
    hurts: "It does not.",
    evidence: "An epoll_ctl.",
    silent: "Never.",
    fix: "Leave this rule out.",
    wrong: "",
    right: "",
    manual: "epoll(7)",
    seen: &[],
};

#[derive(Debug)]
struct Nth(u64);

fn made(engine: &mut Engine, m: &Moment<'_>, ctl: &Ctl) {
    let Some(id) = engine.model.epolls.last_named(ctl.epfd) else { return };
    let nth = engine.own::<u64>(Rule::Added);
    *nth += 1;
    let case = Nth(*nth);
    let about = About::new(Rule::Added, m.tid, m.now).on(ctl.fd, -1);
    engine.raise_about(about.and([(Role::Now, ctl.site)]), id, 0, case);
}

impl Case for Nth {
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        about.finding(Certainty::Suspected, now, format!("epoll_ctl {}", self.0), None)
    }
}

#[test]
fn a_rule_is_a_file_and_a_line() {
    let trace =
        "0ms t1 create 3\n t1 add 3 5 IN @7\n 1ms t1 wait 3\n 2ms t1 mod 3 5 OUT @8\n 3ms end";
    let findings = crate::replay::replay(trace).expect("a trace");
    let found: Vec<_> = findings.iter().map(|one| (one.rule.name(), &*one.what)).collect();
    assert_eq!(found, [("added", "epoll_ctl 1"), ("added", "epoll_ctl 2")]);
    assert_eq!(findings[0].advice().fix, PAGE.fix);
    assert_eq!("added".parse(), Ok(Rule::Added));
}

/// How many suspicions one registration raises.
fn pending(mut checker: crate::Checker) -> usize {
    let (op, epfd, fd, events, data, padding, errno, at) = (1, 3, 5, bits::IN, 5, None, 0, None);
    for what in
        [What::Create { epfd }, What::Ctl { op, epfd, fd, events, data, padding, errno, at }]
    {
        let it = Observation { at: 0, pid: 0, tid: 1, site: Site(1), what };
        checker.observe(&it, &Table::default());
    }
    checker.pending()
}

#[test]
fn a_rule_that_is_off_hears_nothing() {
    assert_eq!(pending(crate::Checker::default()), 1);
    assert_eq!(pending(crate::Checker::without(&[Rule::Added])), 0);
}
