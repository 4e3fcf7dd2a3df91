//! The table of hooked functions, `hooks/functions.toml`, as it is read.
//!
//! A row says what a function is; what its hook does follows from the kind of call (`calls.rs`) and
//! from the names of the parameters. A row that makes no sense ends the build, with the reason.

use serde::Deserialize;

/// The whole table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The kinds of input and output.
    #[serde(rename = "kind")]
    pub kinds: Vec<Kind>,
    /// The functions.
    #[serde(rename = "function")]
    rows: Vec<Row>,
}

/// A kind of input or output.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// As Rust writes it.
    pub name: String,
    /// In one line.
    pub means: String,
}

/// A row, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    c: String,
    call: Option<Call>,
    like: Option<String>,
    flags: Option<String>,
    #[serde(default)]
    syscall: Vec<String>,
    absent: Option<String>,
    fails: Option<String>,
    short: Option<bool>,
    only: Option<Only>,
    #[serde(default = "yes")]
    export: bool,
}

fn yes() -> bool {
    true
}

/// What kind of call a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the functions of the table say it
pub enum Call {
    Create,
    EpollCtl,
    Wait,
    Poll,
    Select,
    Close,
    CloseRange,
    CloseFrom,
    CloseStream,
    CloseDirectory,
    Copy,
    Replace,
    Fcntl,
    Ioctl,
    Shutdown,
    Read,
    ReceiveMessage,
    ReceiveMessages,
    Accept,
    Socket,
    Connect,
    GetOption,
    Write,
    Sendfile,
    Splice,
    Tee,
    Vmsplice,
    Exit,
    Exec,
    ExecList,
    Spawn,
    Syscall,
    Ring,
    Alone,
    Reap,
    Prctl,
    Seccomp,
}

/// Where a function exists, if not everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Only {
    /// glibc on 32 bits: the functions that pass times of 64 bits.
    Time64,
}

/// A hooked function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The type that it returns.
    pub returns: String,
    /// Its parameters, but for `...`.
    pub parameters: Vec<Parameter>,
    /// It takes more arguments than those.
    pub is_variadic: bool,
    /// What kind of call it is.
    pub call: Call,
    /// The prefix of the constants in its parameter `flags`.
    pub flags: Option<String>,
    /// The system calls with its parameters.
    pub system_calls: Vec<String>,
    /// What stands in for it where libc has none.
    pub absent: Option<String>,
    /// The values of errno that it may fail with.
    pub fails: Vec<String>,
    /// It may do less than it was asked for, and not fail.
    pub may_be_short: bool,
    /// Where it exists.
    pub only: Option<Only>,
    /// The library exports it.
    pub is_exported: bool,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// With its `*`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl Table {
    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// Its functions, in the order of the rows.
    pub fn functions(&self) -> Result<Vec<Function>, String> {
        let mut functions: Vec<Function> = Vec::new();
        for row in &self.rows {
            let function =
                function(row, &functions).map_err(|error| format!("{}: {error}", row.c))?;
            if functions.iter().any(|other| other.name == function.name) {
                return Err(format!("{}: there is such a row already", function.name));
            }
            functions.push(function);
        }
        Ok(functions)
    }
}

fn function(row: &Row, above: &[Function]) -> Result<Function, String> {
    let model = match &row.like {
        Some(name) => Some(
            above
                .iter()
                .find(|function| function.name == *name)
                .ok_or(format!("no row above is {name}"))?,
        ),
        None => None,
    };
    let (declared, rest) = row.c.split_once('(').ok_or("the signature has no parameters")?;
    let list = rest.strip_suffix(')').ok_or("the signature does not end in )")?;
    let Parameter { kind: returns, name } = declaration(declared)?;
    let mut parameters = Vec::new();
    for part in list.split(',').map(str::trim).filter(|part| !matches!(*part, "..." | "void")) {
        parameters.push(declaration(part)?);
    }
    let fails = row.fails.as_ref().map(|fails| words(fails));
    let function = Function {
        name,
        returns,
        parameters,
        is_variadic: list.ends_with("..."),
        call: row.call.or(model.map(|model| model.call)).ok_or("neither call nor like")?,
        flags: row.flags.clone().or(model.and_then(|model| model.flags.clone())),
        system_calls: row.syscall.clone(),
        absent: row.absent.clone(),
        fails: fails
            .or(model.map(|model| model.fails.clone()))
            .ok_or("which values of errno: fails is missing")?,
        may_be_short: row.short.or(model.map(|model| model.may_be_short)).unwrap_or(false),
        only: row.only,
        is_exported: row.export,
    };
    if function.flags.is_some() != function.has("flags") {
        return Err("the parameter flags and the key flags come together".to_owned());
    }
    Ok(function)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// `const void *buffer` is a kind and a name.
fn declaration(text: &str) -> Result<Parameter, String> {
    let text = text.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let start = text.trim_end_matches(is_name).len();
    let (kind, name) = text.split_at(start);
    if kind.trim().is_empty() || name.is_empty() {
        return Err(format!("«{text}» is not a type and a name"));
    }
    Ok(Parameter { kind: kind.trim().to_owned(), name: name.to_owned() })
}

impl Function {
    /// Whether it has a parameter of that name.
    pub fn has(&self, parameter: &str) -> bool {
        self.parameters.iter().any(|one| one.name == parameter)
    }
}
