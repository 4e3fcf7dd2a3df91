//! The C that the table makes: `functions.h` (what there is), `hooks.c` (the hooks), `system_calls.c`
//! (the same for syscall(2)).
//!
//! A hook with nothing to observe is one load, one test and a jump to the next function: for that, what
//! is observed is a function of its own. The hooks of variadic functions are not variadic: integer
//! arguments are passed alike on all Linux ABIs, and one that was not passed is handed on unseen.

use crate::calls::{Parts, parts};
use crate::chaos::{Chaos, chaos};
use crate::table::{Call, Function, Kind, Only, Parameter};
use std::fmt::Write;

/// The first line of each file.
const MADE: &str = "/* Made by build.rs of hooks/functions.toml. */\n";

/// `io_kind.h`.
pub fn io_kinds(kinds: &[Kind]) -> String {
    let mut text = format!("{MADE}enum io_kind {{\n");
    for kind in kinds {
        let _ = writeln!(text, "    IO_{}, /* {} */", kind.name.to_uppercase(), kind.means);
    }
    text + "};\n"
}

/// `functions.h`.
pub fn functions(functions: &[Function]) -> String {
    let mut text = format!("{MADE}enum function {{\n");
    let hooked = || functions.iter().filter(|function| function.is_exported);
    for function in hooked() {
        text += &guarded(function, &format!("    NEXT_{},\n", function.name));
    }
    text += "    FUNCTION_COUNT\n};\n\n";
    for function in hooked() {
        let line =
            format!("{} hook_{}({});\n", function.returns, function.name, declared(function));
        text += &guarded(function, &line);
    }
    text
}

/// `hooks.c`.
pub fn hooks(functions: &[Function]) -> String {
    let mut text = format!("{MADE}#include \"chaos.h\"\n\n");
    text += "/* By enum function. */\nconst char *const epshim_names[FUNCTION_COUNT] = {\n";
    for function in functions.iter().filter(|function| function.is_exported) {
        text += &guarded(function, &format!("    \"{}\",\n", function.name));
    }
    text += "};\n\nuintptr_t stand_in(enum function function)\n{\n    switch (function) {\n";
    for function in functions {
        let Some(absent) = &function.absent else { continue };
        let is_row = functions.iter().any(|other| other.name == *absent);
        let address = if is_row {
            format!("next_address(NEXT_{absent})")
        } else {
            format!("(uintptr_t){absent}")
        };
        let case = format!("    case NEXT_{}:\n        return {address};\n", function.name);
        text += &guarded(function, &case);
    }
    text += "    default:\n        return (uintptr_t)no_function;\n    }\n}\n\n";
    for Function { name, fails, .. } in functions.iter().filter(|one| !one.fails.is_empty()) {
        let known: Vec<String> = fails.iter().map(|errno| format!("{errno} > 0")).collect();
        let _ = writeln!(text, "_Static_assert({}, \"errno of {name}\");", known.join(" && "));
    }
    for function in functions.iter().filter(|function| function.is_exported) {
        if let Some(parts) = parts(function) {
            text += &guarded(function, &hook(function, &parts));
        }
    }
    text
}

/// `system_calls.c`.
pub fn system_calls(functions: &[Function]) -> String {
    let mut text = format!("{MADE}#include \"chaos.h\"\n#include \"system_call.h\"\n");
    for function in functions.iter().filter(|function| !function.system_calls.is_empty()) {
        if let Some(parts) = parts(function) {
            text += &guarded(function, &system_call(function, &parts));
        }
    }
    text += "\nobserver *observer_of(long number)\n{\n    switch (number) {\n";
    for function in functions {
        for number in &function.system_calls {
            let case = format!(
                "#ifdef SYS_{number}\n    case SYS_{number}:\n        return call_{};\n#endif\n",
                function.name
            );
            text += &guarded(function, &case);
        }
    }
    text + "    default:\n        return NULL;\n    }\n}\n"
}

fn guarded(function: &Function, text: &str) -> String {
    match function.only {
        None => text.to_owned(),
        Some(Only::Time64) => format!("#if HAS_TIME64\n{text}#endif\n"),
    }
}

/// The parameters of the hook, as they are declared.
fn declared(function: &Function) -> String {
    let mut list: Vec<String> =
        function.parameters.iter().map(|one| declaration(&one.kind, &one.name)).collect();
    if function.call == Call::ExecList {
        list.push("...".to_owned());
    } else if function.is_variadic {
        list.extend(extra(function).iter().map(|name| format!("uintptr_t {name}")));
    }
    list.join(", ")
}

fn declaration(kind: &str, name: &str) -> String {
    let space = if kind.ends_with('*') { "" } else { " " };
    format!("{kind}{space}{name}")
}

/// The names of a variadic function's further arguments: those of the system call, or one.
fn extra(function: &Function) -> &'static [&'static str] {
    match function.call {
        Call::Syscall => &["a", "b", "c", "d", "e", "f"],
        _ => &["argument"],
    }
}

fn passed(function: &Function) -> String {
    let mut names: Vec<&str> = function.parameters.iter().map(|one| one.name.as_str()).collect();
    if function.is_variadic {
        names.extend_from_slice(extra(function));
    }
    names.join(", ")
}

/// The type of the next function: variadic if that is, for it may expect from its caller what only the
/// call of a variadic function provides (on powerpc64 room on the stack, on x86-64 a count in a register).
fn next_type(function: &Function) -> String {
    let Function { name, returns, .. } = function;
    if !function.is_variadic {
        return format!("__typeof__(&hook_{name})");
    }
    let kinds: Vec<&str> = function.parameters.iter().map(|one| one.kind.as_str()).collect();
    format!("{returns} (*)({}, ...)", kinds.join(", "))
}

/// Makes a call, keeps its result for what comes after, and returns it.
fn around(returns: &str, parts: &Parts, call: &str) -> String {
    let result = declaration(returns, "result");
    let made = if returns == "void" { call.to_owned() } else { format!("{result} = {call}") };
    with(returns, parts, &format!("    {made};\n"))
}

/// What makes a call, between what comes before and after it.
fn with(returns: &str, parts: &Parts, made: &str) -> String {
    let lines = |text: &str| if text.is_empty() { String::new() } else { format!("    {text}\n") };
    let (before, after) = (lines(&parts.before), lines(&parts.after));
    let end = if returns == "void" { "" } else { "    return result;\n" };
    format!("{before}{made}{after}{end}")
}

/// The call as it is, or what chaos makes of it.
fn chaotic(function: &Function, next: &str, call: &str) -> Option<String> {
    let Function { name, returns, .. } = function;
    let result = declaration(returns, "result");
    let made = if function.call == Call::EpollCtl {
        "        result = chaos_ctl(epfd, op, fd, event, site);\n".to_owned()
    } else {
        let Chaos { before, replaced, after } = chaos(function)?;
        let passed: Vec<&str> = function
            .parameters
            .iter()
            .map(|one| {
                let other = replaced.iter().find(|(name, _)| *name == one.name);
                other.map_or(one.name.as_str(), |(_, instead)| instead)
            })
            .collect();
        let made = format!("(({next})next_address(NEXT_{name}))({})", passed.join(", "));
        format!(
            "        {before}\n        result = chaos.error != 0 ? told(&chaos, chaos.error) : {made};\n        {after}\n"
        )
    };
    Some(format!(
        "    {result};\n    if (__builtin_expect(is_chaos(), 0)) {{\n{made}    }} else {{\n        result = {call};\n    }}\n"
    ))
}

fn hook(function: &Function, parts: &Parts) -> String {
    let Function { name, returns, .. } = function;
    let (declared, passed, next) = (declared(function), passed(function), next_type(function));
    let is_observed = parts.is_observed;
    let call = format!("(({next})next_address(NEXT_{name}))({passed})");
    let body = match chaotic(function, &next, &call) {
        Some(made) => with(returns, parts, &made),
        None => around(returns, parts, &call),
    };
    let give = if returns == "void" { "" } else { "return " };
    let end = if returns == "void" { "\n    else\n        " } else { "\n    return " };
    format!(
        "
static APART {observed}
{{
{body}}}

{hook}
{{
    uintptr_t next = atomic_load_explicit(&epshim_next[NEXT_{name}], memory_order_relaxed);
    if (__builtin_expect(next != 0 && !({is_observed}), 1))
        {give}(({next})next)({passed});{end}observed_{name}({passed}, __builtin_return_address(0));
}}
",
        observed =
            declaration(returns, &format!("observed_{name}({declared}, UNUSED const void *site)")),
        hook = declaration(returns, &format!("hook_{name}({declared})")),
    )
}

/// The same call by its number, which not every architecture has. Of its parameters those that are used are taken from the arguments.
fn system_call(function: &Function, parts: &Parts) -> String {
    let Function { name, returns, .. } = function;
    let used = |word: &str| {
        let all = [parts.is_observed, &parts.before, &parts.after].join(" ");
        all.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|one| one == word)
    };
    let mut taken = String::new();
    let mut place = 0;
    for Parameter { kind, name } in &function.parameters {
        if used(name) {
            let kind = kind.replace("struct timespec", "struct kernel_timespec");
            let declared = declaration(&kind, name);
            let _ = writeln!(taken, "    {declared} = ({kind})call->arguments[{place}];");
        }
        // An offset comes in two halves, of which 64-bit kernels look at the lower alone.
        place += if name == "offset" && !kind.ends_with('*') { 2 } else { 1 };
    }
    if used("site") {
        taken += "    const void *site = call->site;\n";
    }
    let made = format!("({returns})make(call)");
    let body = match function.call {
        // What chaos has not seen it would take for what it was.
        Call::EpollCtl => with(returns, parts, &chaotic(function, "", &made).expect("it is one")),
        _ => around(returns, parts, &made),
    };
    let is_observed = parts.is_observed;
    format!(
        "
static UNUSED long call_{name}(const struct call *call)
{{
{taken}    if (!({is_observed}))
        return make(call);
{body}}}
"
    )
}
