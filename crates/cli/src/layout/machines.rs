//! What a word or a triple says of a machine: the architecture with its byte order and word size, the C
//! library, the ABI.
//!
//! Words are those of `uname -m`, GNU triples, Rust, Go (`GOARCH`), Debian, Zig and LLVM, in any case of
//! letters. Byte order is part of the word (`armv7b`, `mips64el`), and is never guessed: a word that
//! is not understood is no machine. It knows nothing of the golden table.

/// A line is an architecture, in Rust's words; byte order; word size; an ABI where the word says one; and
/// the words for it.
const WORDS: &str = "
x86_64      little 64 -       x86_64 amd64 x64 x86-64
x86_64      little 32 -       x32 amd64p32
x86         little 32 -       x86 i386 i486 i586 i686 386 ia32
aarch64     little 64 -       aarch64 arm64 armv8 arm64v8
aarch64     big    64 -       aarch64_be aarch64be arm64be arm64_be
arm         little 32 -       arm thumb armel xscale
arm         little 32 eabihf  armhf armhfp
arm         big    32 -       armeb armbe thumbeb xscaleeb
powerpc     big    32 -       powerpc ppc ppc32
powerpc     little 32 -       powerpcle ppcle powerpcel ppc32le
powerpc64   big    64 -       powerpc64 ppc64
powerpc64   little 64 -       powerpc64le ppc64le ppc64el powerpc64el
s390        big    32 -       s390
s390x       big    64 -       s390x
mips        big    32 -       mips mipseb mipsbe
mips        little 32 -       mipsel mipsle
mips64      big    64 -       mips64 mips64eb mips64be
mips64      little 64 -       mips64el mips64le
mips64      big    32 -       mipsn32 mips64p32
mips64      little 32 -       mipsn32el mips64p32le
mips32r6    big    32 -       mipsisa32r6 mipsr6
mips32r6    little 32 -       mipsisa32r6el mipsr6el
mips64r6    big    64 -       mipsisa64r6 mips64r6
mips64r6    little 64 -       mipsisa64r6el mips64r6el
loongarch64 little 64 -       loongarch64 loong64
loongarch32 little 32 -       loongarch32 loong32
sparc       big    32 -       sparc sparc32 sparcv8 sparcv8plus
sparc64     big    64 -       sparc64 sparcv9 sparc64v
m68k        big    32 -       m68k m68000 m68020 m68030 m68040 m68060
alpha       little 64 -       alpha
hppa        big    32 -       hppa hppa1.0 hppa1.1 hppa2.0 parisc parisc64
hppa        big    64 -       hppa64
sh          little 32 -       sh sh3 sh4 sh4a sh4le shle
sh          big    32 -       sheb sh3eb sh4eb sh4aeb shbe
arc         little 32 -       arc arcv2
arc         big    32 -       arceb
csky        little 32 -       csky cskyv2
hexagon     little 32 -       hexagon
or1k        big    32 -       or1k openrisc
xtensa      little 32 -       xtensa xtensael
xtensa      big    32 -       xtensaeb xtensabe
microblaze  big    32 -       microblaze microblazeeb
microblaze  little 32 -       microblazeel
nios2       little 32 -       nios2
";

/// What a name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Rust's word for the architecture.
    pub arch: String,
    pub endian: &'static str,
    pub width: u32,
    /// The table's word for the C library, if the name says one.
    pub libc: Option<&'static str>,
    /// ARM's `eabi` or `eabihf`, if the name says one.
    pub abi: Option<&'static str>,
}

impl Machine {
    /// A word, or a triple: a machine, a vendor that is skipped, `linux`, and the C library with its ABI.
    /// None: it is of no machine with Linux that is known.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replacen("x86-64", "x86_64", 1);
        if let Some(word) = name.strip_prefix("musl-linux-") {
            // Debian's names of architectures with another C library.
            return Some(Self { libc: Some("musl"), ..arch(word)? });
        }
        let parts: Vec<_> = name.split(['-', '/']).collect();
        let (word, environment) = match parts[..] {
            // Go's GOOS/GOARCH.
            ["linux", word] => (word, ""),
            [word] => (word, ""),
            [word, system] | [word, _, system] if is_linux(system) => (word, ""),
            [word, system, environment] | [word, _, system, environment] if is_linux(system) => {
                (word, environment)
            }
            _ => return None,
        };
        let machine = arch(word)?;
        if environment.is_empty() {
            return Some(machine);
        }
        machine.with(environment)
    }

    /// The C library and the ABI that the last part of a triple says.
    fn with(self, environment: &str) -> Option<Self> {
        // Zig has versions there: gnu.2.36, android.29; LLVM android29.
        let word = environment.split('.').next().unwrap_or_default();
        let word =
            word.trim_end_matches(|c: char| c.is_ascii_digit() && word.starts_with("android"));
        let libraries =
            [("gnu", "glibc"), ("musl", "musl"), ("android", "bionic"), ("dietlibc", "dietlibc")];
        let (rest, libc) = libraries
            .iter()
            .find_map(|(prefix, libc)| Some((word.strip_prefix(prefix)?, *libc)))?;
        let is = |arches: &[&str]| arches.iter().any(|arch| self.arch.starts_with(arch));
        let (abi, width) = match rest {
            "" | "asan" | "spe" | "f32" | "f64" | "sf" | "abiv2" | "abiv2hf" => {
                (self.abi, self.width)
            }
            // Zig has them on more than ARM.
            "eabi" if is(&["arm", "mips", "powerpc", "csky"]) => (Some("eabi"), self.width),
            "eabihf" if is(&["arm", "mips", "powerpc", "csky"]) => (Some("eabihf"), self.width),
            "x32" if is(&["x86_64"]) => (self.abi, 32),
            "abin32" if is(&["mips64"]) => (self.abi, 32),
            "abi64" if is(&["mips64"]) => (self.abi, 64),
            _ => return None,
        };
        // ARM's old ABI is called so: arm-linux-gnu.
        let is_old = self.arch == "arm" && libc == "glibc" && abi.is_none();
        (!is_old).then_some(Self { libc: Some(libc), abi, width, ..self })
    }
}

/// Zig has versions of the kernel there.
fn is_linux(word: &str) -> bool {
    word == "linux" || word.starts_with("linux.") || word == "linuxandroid"
}

fn arch(word: &str) -> Option<Machine> {
    let line = WORDS.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let known = line.filter(|line| line.len() > 4).find(|line| line[4..].contains(&word));
    if let Some(line) = known {
        let width = if line[2] == "64" { 64 } else { 32 };
        let abi = (line[3] == "eabihf").then_some("eabihf");
        let endian = if line[1] == "big" { "big" } else { "little" };
        return Some(Machine { arch: line[0].to_owned(), endian, width, libc: None, abi });
    }
    family(word)
}

/// Words with the revision of an architecture in them, as `uname -m` and Rust have: `armv7l`, `riscv64gc`.
fn family(word: &str) -> Option<Machine> {
    let machine = |arch: &str, is_big, width, abi| {
        let endian = if is_big { "big" } else { "little" };
        Some(Machine { arch: arch.to_owned(), endian, width, libc: None, abi })
    };
    let version = ["armv", "thumbv", "armebv", "thumbebv"];
    if let Some((prefix, rest)) =
        version.iter().find_map(|prefix| Some((prefix, word.strip_prefix(prefix)?)))
    {
        let number: u32 = rest.get(..1)?.parse().ok()?;
        let is_big = prefix.contains("eb") || rest.ends_with('b');
        let is_hard = number >= 7 || rest.ends_with("hl");
        return machine("arm", is_big, 32, is_hard.then_some("eabihf"));
    }
    for (prefix, width) in [("riscv64", 64), ("riscv32", 32)] {
        if let Some(rest) = word.strip_prefix(prefix) {
            return machine(prefix, rest.starts_with("be"), width, None);
        }
    }
    if word.starts_with("alphaev") || word.starts_with("alphapca") {
        return machine("alpha", false, 64, None);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Machine, WORDS};

    #[test]
    fn a_word_is_on_one_line() {
        let words: Vec<_> =
            WORDS.lines().flat_map(|line| line.split_whitespace().skip(4)).collect();
        let once: std::collections::BTreeSet<_> = words.iter().collect();
        assert_eq!(words.len(), once.len());
        assert!(words.iter().all(|word| Machine::named(word).is_some()));
    }

    #[test]
    fn any_text_has_an_answer() {
        let words: Vec<_> = WORDS.split_whitespace().collect();
        let ends =
            ["", "-", "-linux", "-linux-gnueabi", "/x", "-a-b-c-d", "b", "é", "-linux.é-gnu.1"];
        for word in
            words.into_iter().chain(["armv7l", "thumbv7neon", "riscv64gc", "armvé", "éarmv7"])
        {
            for (at, _) in word.char_indices() {
                for end in ends {
                    Machine::named(&format!("{}{end}", &word[at..]));
                    Machine::named(&format!("{end}{}", &word[..at]));
                }
            }
        }
    }
}
