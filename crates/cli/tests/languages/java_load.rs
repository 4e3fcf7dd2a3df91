//! Java under load, while the machine collects, and where it must not be asked: no line is wrong, and the program does
//! what it does without the checker.

use crate::found::{Found, QUICK};
use crate::java::{JAVA, check, compiled, known};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::process::stdout_of;
use epshim_harness::products::folder;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// Methods in C that make calls which fail.
fn library(name: &str) -> PathBuf {
    let source = concat!(include_str!("handler.c"), include_str!("java.c"));
    // A call in place of a return would return to code that the machine makes anew now and then.
    let flags = ["-shared", "-fPIC", "-O2", "-pthread", "-fno-optimize-sibling-calls"];
    compile_text(&folder(&format!("java-{name}")), "libjava_test.so", source, &flags)
}

/// Two threads make calls that fail, each from a line of its own, while others make garbage and collect.
const LOAD: &str = r#"
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

class App {
    static native int create();
    static native int fails(int ep, int fd);
    static int ep;
    static volatile boolean isOver;

    static int one() {
        return fails(ep, 900);  // one
    }

    static int deep(int n) {
        if (n > 0) {
            return deep(n - 1);
        }
        return fails(ep, 901);  // other
    }

    static void litter(int number) {
        List<Object> kept = new ArrayList<>();
        for (int round = 0; !isOver; round++) {
            for (int i = 0; i < 200; i++) {
                kept.add(new int[64 + i]);
            }
            if (round % 16 == number) {
                kept.clear();
                System.gc();
            }
            Thread.yield();
        }
    }

    public static void main(String[] arguments) throws Exception {
        System.load(System.getenv("EPSHIM_TEST_LIBRARY"));
        ep = create();
        AtomicInteger sum = new AtomicInteger();
        List<Thread> callers = new ArrayList<>(), others = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            int number = i;
            others.add(new Thread(() -> litter(number)));
            callers.add(new Thread(() -> {
                for (int n = 0; n < 1500; n++) {
                    sum.addAndGet(number == 0 ? one() : deep(9));
                }
            }));
        }
        for (Thread thread : others) thread.start();
        for (Thread thread : callers) thread.start();
        for (Thread thread : callers) thread.join();
        isOver = true;
        for (Thread thread : others) thread.join();
        System.out.println(sum);
    }
}
"#;

/// Every collector; a safepoint each millisecond; code that is not compiled; the machine's own checks of its callers.
const COLLECTING: [&[&str]; 4] = [
    &["-XX:+UseSerialGC", "-Xmx64m", "-Xcheck:jni"],
    &["-XX:+UseParallelGC", "-Xmx64m", "-Xint"],
    &[
        "-XX:+UseG1GC",
        "-Xmx64m",
        "-XX:+UnlockDiagnosticVMOptions",
        "-XX:+SafepointALot",
        "-XX:GuaranteedSafepointInterval=1",
    ],
    &["-XX:+UseZGC", "-Xmx256m"],
];

#[test]
fn no_line_is_wrong_while_java_collects_and_the_program_does_what_it_did() {
    let library = library("load");
    for java in known() {
        let Some(classes) = compiled(&java.path, "plain", LOAD) else { return };
        for flags in COLLECTING {
            let mut plain = Command::new(&java.path);
            plain.args(flags).arg("-cp").arg(&classes).arg("App");
            let plain = stdout_of(plain.env("EPSHIM_TEST_LIBRARY", &library));
            let set = |command: &mut Command| _ = command.env("EPSHIM_TEST_LIBRARY", &library);
            let found = check(&java.path, flags, ("load", LOAD), QUICK, set).expect("a compiler");
            assert_eq!(found.output, plain, "{}", found.report);
            // A call with another line, or without one, would be a finding of its own.
            for (fd, mark) in [(900, "// one"), (901, "// other")] {
                assert_eq!(lines(&found, fd), [Some(found.line(mark))], "{}", found.report);
            }
            assert_eq!(found.seen("ctl-error"), 3000, "{}", found.report);
        }
    }
}

/// The same call with an array held in its place, with an exception on its way, in threads of the machine's own, in a
/// thread that it does not know, and in handlers.
const ELSEWHERE: &str = r#"
import java.lang.reflect.Method;

class App {
    static native int create();
    static native int fails(int ep, int fd);
    static native int critical(int ep, int fd, byte[] array);
    static native void throwing(int ep, int fd);
    static native int alone(int ep, int fd);
    static native int handled(int ep, int fd, int stack);

    static void asVirtual(int ep) {
        fails(ep, 910);
        Thread.yield();
        fails(ep, 910);  // virtual
    }

    public static void main(String[] arguments) throws Exception {
        System.load(System.getenv("EPSHIM_TEST_LIBRARY"));
        int ep = create();
        for (int n = 0; n < 100; n++) {
            critical(ep, 911, new byte[16]);  // critical
            try {
                throwing(ep, 912);  // throwing
            } catch (IllegalStateException thrown) {
                if (!thrown.getMessage().equals("thrown")) throw thrown;
            }
            alone(ep, 913);
            if (n % 10 == 0) System.gc();
        }
        if (Runtime.version().feature() >= 21) {
            Method start = Thread.class.getMethod("startVirtualThread", Runnable.class);
            Thread[] threads = new Thread[100];
            for (int i = 0; i < threads.length; i++) {
                threads[i] = (Thread) start.invoke(null, (Runnable) () -> asVirtual(ep));
            }
            for (Thread thread : threads) thread.join();
        }
        for (int stack = 0; stack < 2; stack++) {
            for (int n = 0; n < 100; n++) handled(ep, 914 + stack, stack);
        }
        System.out.println("done");
    }
}
"#;

#[test]
fn where_java_must_not_be_asked_there_is_no_line_and_elsewhere_it_is_the_callers() {
    let library = library("elsewhere");
    for java in known() {
        let set = |command: &mut Command| _ = command.env("EPSHIM_TEST_LIBRARY", &library);
        let found = check(&java.path, &[], ("elsewhere", ELSEWHERE), QUICK, set);
        let Some(found) = found else { return };
        assert_eq!(found.output, "done\n", "{}", found.report);
        assert_eq!(found.summary["seen"]["checker_failed"], false, "{}", found.report);
        let has_line = |fd: u64, mark: &str| {
            assert_eq!(lines(&found, fd).last(), Some(&Some(found.line(mark))), "{}", found.report);
        };
        has_line(911, "// critical");
        has_line(912, "// throwing");
        let has_virtual = !java.version.starts_with("17.");
        if has_virtual {
            has_line(910, "// virtual");
        }
        assert_eq!(lines(&found, 913), [None], "{}", found.report);
        // Of both handlers it is one: the library in C is blamed.
        assert_eq!([lines(&found, 914), lines(&found, 915)].concat(), [None], "{}", found.report);
        assert_eq!(found.seen("ctl-error"), if has_virtual { 700 } else { 500 });
    }
}

/// The lines that called the methods in C, in the findings on a descriptor; nothing: there is none of Java's.
fn lines(found: &Found, fd: u64) -> Vec<Option<u64>> {
    let of_it = found.findings.iter().filter(|finding| finding["fd"] == fd);
    let line = |finding: &Value| {
        let frames = finding["sites"][0]["frames"].as_array().expect("frames").iter();
        let mut of_java = frames.filter(|frame| frame["language"] == JAVA.name);
        // The first one is the method in C, which has no line.
        of_java.find(|frame| !frame["line"].is_null()).map(|frame| found.line_of(frame))
    };
    let mut lines: Vec<_> = of_it.map(line).collect();
    lines.sort_unstable();
    lines
}
