//! Ruby, under load and while it collects and moves objects.

use crate::found::{self, Found, Language, QUICK, program};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::interpreters::{Interpreter, rubies};
use epshim_harness::process::stdout_of;
use epshim_harness::products::folder;
use serde_json::Value;
use std::process::Command;

const RUBY: Language = Language { name: "Ruby", file: "app.rb" };
/// The versions whose lines can be had.
const KNOWN: [&str; 1] = ["3.1."];

fn known() -> impl Iterator<Item = Interpreter> {
    rubies().into_iter().filter(|ruby| ruby.is_one_of(&KNOWN))
}

fn check(ruby: &Interpreter, flags: &[&str], name: &str, text: &'static str) -> Found {
    found::check(RUBY, (&ruby.path, flags), (name, text), QUICK, |_| {})
}

/// As it is, and with code that is compiled while it runs.
const ENGINES: [&[&str]; 2] = [&[], &["--yjit"]];

fn has(ruby: &Interpreter, flags: &[&str]) -> bool {
    let tried = Command::new(&ruby.path).args(flags).args(["-e", ""]).output();
    tried.is_ok_and(|output| output.status.success())
}

/// Two threads make calls that fail, each from a line of its own, while two others make and collect garbage and
/// move what is left.
const LOAD: &str = r#"
require 'fiddle'
INT, PTR = Fiddle::TYPE_INT, Fiddle::TYPE_VOIDP
LIBC = Fiddle.dlopen(nil)
CREATE = Fiddle::Function.new(LIBC['epoll_create1'], [INT], INT, need_gvl: true)
CTL = Fiddle::Function.new(LIBC['epoll_ctl'], [INT, INT, INT, PTR], INT, need_gvl: true)
EP = CREATE.call(0)

class One
  def fails
    CTL.call(EP, 2, 900, nil)  # one
  end
end

def deep(n)
  return deep(n - 1) if n > 0
  CTL.call(EP, 2, 901, nil)  # other
end

GC.auto_compact = true
over = false
litter = 2.times.map do |i|
  Thread.new do
    round = 0
    until over
      Array.new(200) { |n| "x#{n}" * 3 }
      GC.start if (round += 1) % 50 == i
      Thread.pass
    end
  end
end
results = Queue.new
callers = 2.times.map do |i|
  Thread.new do
    sum = 0
    1500.times do |n|
      sum += i == 0 ? One.new.fails : deep(9)
      Thread.pass if n % 7 == 0
    end
    results << sum
  end
end
callers.each(&:join)
over = true
litter.each(&:join)
puts results.pop + results.pop
"#;

#[test]
fn no_line_is_wrong_while_ruby_collects_and_the_program_does_what_it_did() {
    for ruby in known() {
        let file = program(RUBY, &ruby.path, "plain", LOAD);
        for flags in ENGINES.into_iter().filter(|flags| has(&ruby, flags)) {
            let plain = stdout_of(Command::new(&ruby.path).args(flags).arg(&file));
            let found = check(&ruby, flags, "load", LOAD);
            assert_eq!(found.output, plain, "{}", found.report);
            let (one, other) = (found.line("# one"), found.line("# other"));
            // A call with another line, or without one, would be a finding of its own.
            assert_eq!(found.blamed("ctl-error"), [one, other], "{}", found.report);
            assert_eq!(found.seen("ctl-error"), 3000, "{}", found.report);
        }
    }
}

/// The same call, without the lock of all, and in a handler of C's.
const ELSEWHERE: &str = r#"
require 'fiddle'
INT, PTR = Fiddle::TYPE_INT, Fiddle::TYPE_VOIDP
LIBC = Fiddle.dlopen(nil)
EP = Fiddle::Function.new(LIBC['epoll_create1'], [INT], INT).call(0)
Fiddle::Function.new(LIBC['epoll_ctl'], [INT, INT, INT, PTR], INT, need_gvl: false).call(EP, 2, 900, nil)
C = Fiddle.dlopen(ENV['EPSHIM_TEST_HANDLER'])
HANDLE = Fiddle::Function.new(C['handle'], [INT, INT, INT], INT, need_gvl: true)
[0, 1].each { |stack| 100.times { HANDLE.call(EP, 901 + stack, stack) } }
puts 'done'
"#;

#[test]
fn without_the_lock_and_in_a_handler_there_is_no_line() {
    let source = include_str!("handler.c");
    let library =
        compile_text(&folder("ruby-handler"), "handler.so", source, &["-shared", "-fPIC"]);
    for ruby in known() {
        let set = |command: &mut Command| _ = command.env("EPSHIM_TEST_HANDLER", &library);
        let found = found::check(RUBY, (&ruby.path, &[]), ("elsewhere", ELSEWHERE), QUICK, set);
        assert_eq!(found.output, "done\n", "{}", found.report);
        // Of both handlers it is one: the library in C is blamed.
        assert_eq!(found.findings.len(), 2, "{}", found.report);
        assert_eq!(found.seen("ctl-error"), 201, "{}", found.report);
        for finding in &found.findings {
            let frames = finding["sites"][0]["frames"].as_array().expect("frames");
            let has_line = frames.iter().any(|frame| !frame["language"].is_null());
            assert!(!has_line, "{}", found.report);
        }
    }
}

/// What is watched was registered without the lock, as by a loop that runs without it.
const BELONGS: &str = r#"
require 'fiddle'
require 'socket'
LIBC = Fiddle.dlopen(nil)
INT, PTR = Fiddle::TYPE_INT, Fiddle::TYPE_VOIDP
def of_libc(name, types)
  Fiddle::Function.new(LIBC[name], types, INT, need_gvl: false)
end
EP = of_libc('epoll_create1', [INT]).call(0)
EVENT = Fiddle::Pointer.malloc(16, Fiddle::RUBY_FREE)

def take(server)
  sleep 0.01 until (taken = server.accept_nonblock(exception: false)).is_a?(Socket) || taken.is_a?(TCPSocket)  # asks
  taken
end

server = TCPServer.new('127.0.0.1', 0)
other = TCPSocket.new('127.0.0.1', server.addr[1])
taken = take(server)
other.write_nonblock('x')
EVENT[0, 12] = [1, taken.fileno].pack('Lq')
of_libc('epoll_ctl', [INT, INT, INT, PTR]).call(EP, 1, taken.fileno, EVENT)
wait = of_libc('epoll_wait', [INT, PTR, INT, INT])
over = Time.now + 3
while Time.now < over
  wait.call(EP, EVENT, 1, 10)
  sleep 0.001
end
"#;

#[test]
fn what_is_registered_without_the_lock_belongs_to_the_line_that_asked_for_it() {
    for ruby in known() {
        let found = check(&ruby, &[], "belongs", BELONGS);
        assert_eq!(found.blamed("level-spin"), [found.line("# asks")], "{}", found.report);
    }
}

#[test]
fn a_ruby_that_was_not_tried_says_so() {
    for ruby in rubies().iter().filter(|ruby| !ruby.is_one_of(&KNOWN)) {
        let found = check(ruby, &[], "unknown", LOAD);
        assert!(found.findings.iter().all(|one| one["blame"]["language"] == Value::Null));
        let why = found.summary["seen"]["no_lines"].as_str().expect("a reason");
        assert!(why.starts_with("Ruby "), "{why}");
    }
}
