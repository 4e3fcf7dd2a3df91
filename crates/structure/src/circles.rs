//! Circles of files: files that name each other, directly or through others.
//!
//! Files that can all reach each other are reported as one circle, the shortest that is among them: when it
//! is untied, the next run shows what is left. A circle is written `a.rs -> b.rs -> a.rs`, and below it the
//! lines that make each of its arrows.

use crate::arrows::Arrows;
use crate::source::Crate;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::PathBuf;

/// A file that names items of another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    /// The file that names.
    pub from: PathBuf,
    /// The file that defines.
    pub to: PathBuf,
    /// The paths that it writes for them, each with its lines.
    pub names: Vec<(String, Vec<usize>)>,
}

/// A circle of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// Its arrows: each begins where the one before ends, the first where the last ends.
    pub arrows: Vec<Arrow>,
    /// How many files hang together in this circle and others.
    pub files: usize,
}

impl Crate {
    /// Every file that names items of another file, in the order of the files.
    #[must_use]
    pub fn all_arrows(&self) -> Vec<Arrow> {
        let arrows = self.arrows();
        arrows.keys().map(|&(from, to)| self.arrow(&arrows, from, to)).collect()
    }

    /// The circles among the files; none is what every crate should have.
    #[must_use]
    pub fn circles(&self) -> Vec<Circle> {
        let arrows = self.arrows();
        let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &(from, to) in arrows.keys() {
            next.entry(from).or_default().push(to);
        }
        let reached: Vec<BTreeSet<usize>> =
            (0..self.files.len()).map(|file| reachable(&next, file)).collect();
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for file in 0..self.files.len() {
            if seen.contains(&file) || !reached[file].contains(&file) {
                continue;
            }
            let together = reached[file].iter().copied().filter(|&to| reached[to].contains(&file));
            let together: Vec<usize> = together.collect();
            let shortest = together.iter().map(|&file| way_back(&next, file)).min_by_key(Vec::len);
            let way = shortest.expect("the file reaches itself");
            let arrows = way.windows(2).map(|pair| self.arrow(&arrows, pair[0], pair[1])).collect();
            circles.push(Circle { arrows, files: together.len() });
            seen.extend(together);
        }
        circles
    }

    fn arrow(&self, arrows: &Arrows, from: usize, to: usize) -> Arrow {
        let path = |file: usize| self.files[file].path.clone();
        let mut names: Vec<(String, Vec<usize>)> = Vec::new();
        for (line, name) in &arrows[&(from, to)] {
            match names.iter_mut().find(|(known, _)| known == name) {
                Some((_, lines)) => lines.push(*line),
                None => names.push((name.clone(), vec![*line])),
            }
        }
        Arrow { from: path(from), to: path(to), names }
    }
}

/// The files that can be reached from this one; itself only through others.
fn reachable(next: &BTreeMap<usize, Vec<usize>>, from: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        open.extend(next.get(&file).into_iter().flatten().filter(|&&to| found.insert(to)));
    }
    found
}

/// The shortest way from a file back to it, both ends included. There must be one.
fn way_back(next: &BTreeMap<usize, Vec<usize>>, start: usize) -> Vec<usize> {
    let mut before = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for &to in next.get(&file).into_iter().flatten() {
            if before.contains_key(&to) {
                continue;
            }
            before.insert(to, file);
            open.push_back(to);
        }
    }
    let mut way = vec![start];
    let mut at = before[&start];
    while at != start {
        way.push(at);
        at = before[&at];
    }
    way.push(start);
    way.reverse();
    way
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for arrow in &self.arrows {
            write!(f, "{} -> ", arrow.from.display())?;
        }
        let start = self.arrows.first().map(|arrow| arrow.from.display().to_string());
        write!(f, "{}", start.unwrap_or_default())?;
        if self.files > self.arrows.len() {
            write!(f, " (of {} files that hang together)", self.files)?;
        }
        for arrow in &self.arrows {
            for (path, lines) in &arrow.names {
                let lines: Vec<_> = lines.iter().map(usize::to_string).collect();
                write!(f, "\n    {}:{}: {path}", arrow.from.display(), lines.join(","))?;
            }
        }
        Ok(())
    }
}
