//! *idle*: nothing is wrong with the loops; or there is none.

use crate::document::{Ground, Profile, Verdict, VerdictName};
use crate::outside::on_cpu;
use crate::words::{percent, time};

/// What is said where nothing else is.
pub fn verdict(profile: &Profile) -> Verdict {
    let utilisation = profile.figures.utilisation_max.number();
    let (name, text, advice) = match utilisation {
        None => (
            VerdictName::NoLoop,
            "No thread was seen to wait on an epoll.".to_owned(),
            "A static program, io_uring, or raw system calls are not seen; nor are other programs that it starts, \
             without --trace-children.",
        ),
        Some(_) if profile.program.from_outside => {
            let on_cpu = on_cpu(&profile.figures).map_or_else(
                || "how long they ran is not known".to_owned(),
                |share| format!("they were on a processor {} of the time", percent(share)),
            );
            let text = format!(
                "Nothing is seen to be wrong with the loops from outside: {on_cpu}, and no turn was seen to be slow."
            );
            let advice = "epshim profile -- CMD, from its start on, has all figures.";
            (VerdictName::Idle, text, advice)
        }
        Some(share) => {
            let late = profile.figures.late_p99.whole().unwrap_or(0);
            let text = format!(
                "Nothing is wrong with the loops: the busiest was busy {} of the time, and deliveries were \
                 served at most {} after they were ready (p99).",
                percent(share),
                time(late)
            );
            (
                VerdictName::Idle,
                text,
                "Look elsewhere: the peers, the network, what the program asks of others.",
            )
        }
    };
    let ground =
        utilisation.map(|value| Ground { what: "utilisation_max".to_owned(), value, limit: 0.9 });
    Verdict {
        name,
        text,
        advice: advice.to_owned(),
        test: "no other verdict".to_owned(),
        grounds: ground.into_iter().collect(),
        from: None,
        to: None,
        tid: None,
        slow_turn: None,
        descriptor: None,
    }
}
