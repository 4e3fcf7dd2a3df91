//! Whose frame it is: the user's, or the language's own libraries'.
//!
//! The user's frame of a stack is the innermost one whose file is neither of the standard library nor of an
//! installed package. With asyncio that is the coroutine: the ones that await each other are on the stack.
//!
//! Surprising: it is told by the path alone. A project that keeps its own code in a folder `site-packages` is
//! taken for a package; then the caller of it is named.

/// Folders of installed packages.
const PACKAGES: [&str; 2] = ["site-packages", "dist-packages"];

/// Whose a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The user's own code.
    User,
    /// A library's.
    Library,
    /// The event loop's own: what called the loop has nothing to do with what it does now.
    Loop,
}

/// Whose a frame of Python's is, by its file and its function.
#[must_use]
pub fn of_python(file: &str, function: &str) -> Owner {
    if is_python(file) {
        return Owner::User;
    }
    // With its class or without: from 3.11 on, and before.
    let name = function.rsplit('.').next().unwrap_or(function);
    let is_loop = LOOPS.iter().any(|(end, names)| file.ends_with(end) && names.contains(&name));
    if is_loop { Owner::Loop } else { Owner::Library }
}

/// The files of loops, and the functions in them that run what is due.
const LOOPS: [(&str, &[&str]); 4] = [
    ("/asyncio/base_events.py", &["run_forever", "run_until_complete", "_run_once"]),
    ("/asyncio/events.py", &["_run"]),
    ("/asyncio/runners.py", &["run"]),
    ("/gevent/hub.py", &["run"]),
];

/// Whose a frame of JavaScript's in Node is, by its file: Node's own modules, and installed packages.
#[must_use]
pub fn of_node(file: &str) -> Owner {
    // Code that was made while the program ran has no file.
    let is_library =
        file.is_empty() || file.starts_with("node:") || has_folder(file, "node_modules");
    if is_library { Owner::Library } else { Owner::User }
}

/// Whose a frame of Ruby's is, by its file: methods that are part of the interpreter, the standard library, gems.
#[must_use]
pub fn of_ruby(file: &str) -> Owner {
    let is_standard =
        file.contains("/lib/ruby/") || file.contains("/usr/lib/") && has_folder(file, "ruby");
    let is_library = file.is_empty()
        || file.starts_with("<internal:")
        || is_standard
        || has_folder(file, "gems");
    if is_library { Owner::Library } else { Owner::User }
}

/// Whose a frame of PHP's is, by its file: installed packages.
#[must_use]
pub fn of_php(file: &str) -> Owner {
    let is_library = file.is_empty() || has_folder(file, "vendor");
    if is_library { Owner::Library } else { Owner::User }
}

/// Whose a frame of Java's is, by its line (0: none) and its method with the class: what came with the machine, and the
/// libraries that loops are made with.
#[must_use]
pub fn of_java(line: u32, method: &str) -> Owner {
    // Methods in C have no line, nor have classes that were made while the program ran.
    if line == 0 || LIBRARIES_OF_JAVA.iter().any(|name| method.starts_with(name)) {
        let is_loop = LOOPS_OF_JAVA.contains(&method);
        return if is_loop { Owner::Loop } else { Owner::Library };
    }
    Owner::User
}

/// What registers descriptors when its loop waits the next time.
const LOOPS_OF_JAVA: [&str; 1] = ["sun.nio.ch.EPollSelectorImpl.processUpdateQueue"];

/// Packages.
const LIBRARIES_OF_JAVA: [&str; 24] = [
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "com.sun.",
    "akka.",
    "clojure.",
    "groovy.",
    "io.grpc.",
    "io.helidon.",
    "io.micronaut.",
    "io.netty.",
    "io.undertow.",
    "io.vertx.",
    "kotlin.",
    "kotlinx.",
    "okhttp3.",
    "okio.",
    "org.apache.",
    "org.eclipse.jetty.",
    "org.springframework.",
    "org.xnio.",
    "reactor.",
    "scala.",
];

/// Whether a file lies in a folder of this name.
fn has_folder(file: &str, name: &str) -> bool {
    file.rsplit('/').skip(1).any(|folder| folder == name)
}

/// Whether a file of a Python program is the user's.
#[must_use]
pub fn is_python(file: &str) -> bool {
    // Modules that are part of the interpreter: `<frozen importlib._bootstrap>`.
    !(file.is_empty() || file.starts_with("<frozen") || is_installed(file))
}

fn is_installed(file: &str) -> bool {
    let mut folder_before = "";
    let mut folders = file.split('/').peekable();
    while let Some(folder) = folders.next() {
        let is_folder = folders.peek().is_some();
        if is_folder && PACKAGES.contains(&folder) {
            return true;
        }
        if is_folder && is_library_of_python(folder_before, folder) {
            return true;
        }
        folder_before = folder;
    }
    false
}

/// `lib/python3.11`, `lib64/python3.13t`, `lib/python311.zip`.
fn is_library_of_python(before: &str, folder: &str) -> bool {
    let Some(version) = folder.strip_prefix("python") else { return false };
    let version = version.strip_suffix(".zip").unwrap_or(version);
    let is_version = version.starts_with('3') && version.bytes().all(is_of_a_version);
    is_version && before.starts_with("lib")
}

fn is_of_a_version(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.' || byte == b't'
}

#[cfg(test)]
mod tests {
    use super::{Owner, is_python, of_java, of_node, of_php, of_python, of_ruby};

    #[test]
    fn a_file_of_the_user_is_told_from_the_librarys_by_its_path() {
        for file in ["app.py", "/srv/app/loop.py", "<string>", "<stdin>", "/home/lib/app.py"] {
            assert!(is_python(file), "{file}");
        }
        for file in [
            "",
            "<frozen importlib._bootstrap>",
            "<frozen runpy>",
            "/usr/lib/python3.11/asyncio/base_events.py",
            "/usr/lib64/python3.13t/selectors.py",
            "/usr/lib/python311.zip/asyncio/runners.py",
            "/usr/lib/python3/dist-packages/gevent/hub.py",
            "/srv/venv/lib/python3.12/site-packages/uvloop/loop.py",
        ] {
            assert!(!is_python(file), "{file}");
        }
    }

    #[test]
    fn a_file_that_is_only_called_like_a_folder_of_packages_is_the_users() {
        assert!(is_python("/srv/site-packages"));
        assert!(is_python("/srv/lib/python3"));
    }

    #[test]
    fn what_an_event_loop_does_is_not_of_the_line_that_runs_the_loop() {
        let asyncio = "/usr/lib/python3.11/asyncio";
        let of = |file: &str, function| of_python(&format!("{asyncio}/{file}"), function);
        assert_eq!(of("events.py", "Handle._run"), Owner::Loop);
        assert_eq!(of("events.py", "_run"), Owner::Loop);
        assert_eq!(of("runners.py", "Runner.run"), Owner::Loop);
        assert_eq!(of("base_events.py", "BaseEventLoop.create_server"), Owner::Library);
        assert_eq!(of_python("/srv/asyncio/events.py", "_run"), Owner::User);
    }

    #[test]
    fn a_method_of_java_is_the_users_unless_its_package_came_with_the_machine_or_a_loop() {
        let of = |method| of_java(7, method);
        for method in ["Server.main", "com.example.sun.Server.run", "javaagent.Server.run"] {
            assert_eq!(of(method), Owner::User, "{method}");
        }
        for method in ["sun.nio.ch.EPoll.wait", "java.net.Socket.connect", "io.netty.Loop.run"] {
            assert_eq!(of(method), Owner::Library, "{method}");
        }
        assert_eq!(of("sun.nio.ch.EPollSelectorImpl.processUpdateQueue"), Owner::Loop);
        assert_eq!(of_java(0, "Server$$Lambda.0x0000.run"), Owner::Library);
    }

    #[test]
    fn files_of_other_languages_are_the_users_unless_they_came_with_the_language_or_a_package() {
        type Case<'a> = (fn(&str) -> Owner, &'a [&'a str], &'a [&'a str]);
        let cases: [Case<'_>; 3] = [
            (
                of_node,
                &["/srv/app/server.js", "app.mjs", "/srv/node_modules.js"],
                &["", "node:net", "node:internal/timers", "/srv/node_modules/express/lib/app.js"],
            ),
            (
                of_ruby,
                &["app.rb", "/srv/ruby/app.rb", "/srv/gems.rb"],
                &[
                    "",
                    "<internal:timev>",
                    "/usr/lib/ruby/3.1.0/socket.rb",
                    "/usr/lib/x86_64-linux-gnu/ruby/3.1.0/io/wait.rb",
                    "/var/lib/gems/3.1.0/gems/puma-6.0/lib/puma.rb",
                    "/home/u/.rbenv/versions/3.1.2/lib/ruby/3.1.0/set.rb",
                ],
            ),
            (of_php, &["/srv/index.php", "vendor.php"], &["", "/srv/vendor/react/Loop.php"]),
        ];
        for (owner, users, others) in cases {
            for file in users {
                assert_eq!(owner(file), Owner::User, "{file}");
            }
            for file in others {
                assert_eq!(owner(file), Owner::Library, "{file}");
            }
        }
    }
}
