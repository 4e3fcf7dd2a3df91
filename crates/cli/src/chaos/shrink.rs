//! Takes faults away as long as what is left still breaks the program: whole kinds first, then whole connections,
//! then any (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).
//!
//! Pure: whether a list breaks it is asked of the caller, who may also say that there is no time left.

use epshim_observe::fault::{Fault, Planned, Subject};
use std::collections::BTreeSet;

/// What the caller says of a list of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It breaks.
    Breaks,
    /// It does not.
    Passes,
    /// There is no time left.
    Stop,
}

/// A list that still breaks, and of which nothing can be taken away, if there was time for it.
pub fn shrink<E>(
    faults: Vec<Planned>,
    mut ask: impl FnMut(&[Planned]) -> Result<Answer, E>,
) -> Result<Vec<Planned>, E> {
    let mut left = faults;
    let mut asks = |list: &[Planned]| ask(list);
    // The last ones are most often what did it.
    let mut tail = 1;
    while tail < left.len() {
        let end = left[left.len() - tail..].to_vec();
        match asks(&end)? {
            Answer::Breaks => {
                left = end;
                break;
            }
            Answer::Passes => tail *= 8,
            Answer::Stop => return Ok(left),
        }
    }
    let kinds: BTreeSet<Fault> = left.iter().map(|planned| planned.name.fault).collect();
    for kind in kinds {
        if !without(&mut left, &mut asks, |planned| planned.name.fault == kind)? {
            return Ok(left);
        }
    }
    let subjects: BTreeSet<(u32, Subject, u32)> = left.iter().map(subject).collect();
    for one in subjects {
        if !without(&mut left, &mut asks, |planned| subject(planned) == one)? {
            return Ok(left);
        }
    }
    let is_over = !halve(&mut left, &mut asks)?;
    if !is_over {
        simplify(&mut left, &mut asks)?;
    }
    Ok(left)
}

fn subject(planned: &Planned) -> (u32, Subject, u32) {
    (planned.name.process, planned.name.subject, planned.name.number)
}

/// Takes those away that `is_one` picks, if the rest still breaks. False: there is no time left.
fn without<E>(
    left: &mut Vec<Planned>,
    ask: &mut impl FnMut(&[Planned]) -> Result<Answer, E>,
    is_one: impl Fn(&Planned) -> bool,
) -> Result<bool, E> {
    let rest: Vec<Planned> = left.iter().filter(|planned| !is_one(planned)).copied().collect();
    if rest.is_empty() || rest.len() == left.len() {
        return Ok(true);
    }
    match ask(&rest)? {
        Answer::Breaks => *left = rest,
        Answer::Passes => {}
        Answer::Stop => return Ok(false),
    }
    Ok(true)
}

/// Takes parts away, in halves, quarters and so on. False: there is no time left.
fn halve<E>(
    left: &mut Vec<Planned>,
    ask: &mut impl FnMut(&[Planned]) -> Result<Answer, E>,
) -> Result<bool, E> {
    let mut parts = 2;
    while left.len() >= 2 {
        let size = left.len().div_ceil(parts);
        let mut is_smaller = false;
        for start in (0..left.len()).step_by(size) {
            let end = (start + size).min(left.len());
            let rest: Vec<Planned> = left[..start].iter().chain(&left[end..]).copied().collect();
            if rest.is_empty() {
                continue;
            }
            match ask(&rest)? {
                Answer::Breaks => {
                    *left = rest;
                    is_smaller = true;
                    break;
                }
                Answer::Passes => {}
                Answer::Stop => return Ok(false),
            }
        }
        if is_smaller {
            parts = (parts - 1).max(2);
        } else if size == 1 {
            return Ok(true);
        } else {
            parts = (parts * 2).min(left.len());
        }
    }
    Ok(true)
}

/// Makes each as mild as still breaks: a shorter sleep, one error of a row.
fn simplify<E>(
    left: &mut [Planned],
    ask: &mut impl FnMut(&[Planned]) -> Result<Answer, E>,
) -> Result<(), E> {
    for place in 0..left.len() {
        while let Some(milder) = milder(left[place]) {
            let before = std::mem::replace(&mut left[place], milder);
            match ask(left)? {
                Answer::Breaks => {}
                Answer::Passes => {
                    left[place] = before;
                    break;
                }
                Answer::Stop => {
                    left[place] = before;
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

fn milder(planned: Planned) -> Option<Planned> {
    let is_long = match planned.name.fault {
        Fault::WaitLate => planned.gives > 200,
        Fault::AcceptExhausted => planned.gives >= 3,
        _ => false,
    };
    // Of a row, the error that is told is the remainder by 3.
    let row = if planned.gives >= 6 {
        planned.gives / 2 / 3 * 3 + planned.gives % 3
    } else {
        planned.gives % 3
    };
    let gives = if planned.name.fault == Fault::AcceptExhausted { row } else { planned.gives / 2 };
    is_long.then_some(Planned { gives, ..planned })
}

#[cfg(test)]
mod tests {
    use super::*;
    use epshim_observe::fault::Name;
    use std::convert::Infallible;

    fn list(count: u64) -> Vec<Planned> {
        let faults = [Fault::ShortRead, Fault::ShortWrite, Fault::WaitLate];
        (0..count)
            .map(|place| Planned {
                name: Name {
                    fault: faults[(place % 3) as usize],
                    process: 1,
                    subject: Subject::Connection,
                    number: (place % 5) as u32,
                    offset: place,
                },
                gives: 800,
            })
            .collect()
    }

    fn shrunk(count: u64, guilty: &[u64]) -> (Vec<u64>, usize) {
        let mut asked = 0;
        let left = shrink(list(count), |list| {
            asked += 1;
            let is_there = |one| list.iter().any(|planned| planned.name.offset == one);
            let breaks = guilty.iter().all(|&one| is_there(one));
            Ok::<_, Infallible>(if breaks { Answer::Breaks } else { Answer::Passes })
        });
        let Ok(left) = left;
        (left.iter().map(|planned| planned.name.offset).collect(), asked)
    }

    #[test]
    fn what_is_guilty_is_left_wherever_it_is() {
        for guilty in [&[0][..], &[55], &[17], &[3, 40], &[0, 1, 55]] {
            let (left, asked) = shrunk(56, guilty);
            assert_eq!(left, guilty);
            assert!(asked < 80, "{asked} runs for {guilty:?}");
        }
    }

    #[test]
    fn a_sleep_gets_shorter_and_the_end_of_the_time_is_an_end() {
        let ask = |list: &[Planned]| {
            let is_it = |planned: &Planned| planned.name.offset == 2 && planned.gives >= 200;
            Ok::<_, Infallible>(if list.iter().any(is_it) {
                Answer::Breaks
            } else {
                Answer::Passes
            })
        };
        let Ok(left) = shrink(list(9), ask);
        assert_eq!(
            left.iter().map(|one| (one.name.offset, one.gives)).collect::<Vec<_>>(),
            [(2, 200)]
        );
        let Ok(left) = shrink(list(9), |_| Ok::<_, Infallible>(Answer::Stop));
        assert_eq!(left.len(), 9);
    }
}
