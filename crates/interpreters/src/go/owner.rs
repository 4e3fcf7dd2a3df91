//! Whose a function of a Go program is: the user's, or of Go's library or of a module that was fetched.
//!
//! Go's own files lie in one folder, which is known from the file of a function of the runtime; a program that was
//! built with `-trimpath` has no folders, and there the packages of Go are those without a dot before the first slash.

/// Whether a function of this file is the user's. `runtime`: the file of a function of the runtime.
#[must_use]
pub fn is_users(function: &str, file: Option<&str>, runtime: Option<&str>) -> bool {
    let Some(file) = file else { return false };
    if function.starts_with("runtime.")
        || ["/pkg/mod/", "/vendor/"].iter().any(|part| file.contains(part))
    {
        return false;
    }
    let own = runtime.and_then(|path| path.split_once("runtime/")).map(|(folder, _)| folder);
    match own {
        Some(folder) if !folder.is_empty() => !file.starts_with(folder),
        // `net/http/server.go`, `example.org/server/main.go`, `./main.go`.
        _ => {
            let (first, is_in_folder) =
                file.split_once('/').map_or((file, false), |(first, _)| (first, true));
            function.starts_with("main.")
                || is_in_folder && first.contains('.') && !file.contains('@')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_users;

    #[test]
    fn what_lies_with_the_runtime_is_gos_own() {
        let runtime = Some("/usr/lib/go-1.19/src/runtime/proc.go");
        let of = |function, file| is_users(function, Some(file), runtime);
        assert!(of("main.serve", "/srv/app/main.go"));
        assert!(of("app/loop.Run", "/srv/app/loop/loop.go"));
        assert!(!of("net/http.(*conn).serve", "/usr/lib/go-1.19/src/net/http/server.go"));
        assert!(!of("github.com/a/b.Run", "/srv/go/pkg/mod/github.com/a/b@v1.2.0/run.go"));
        assert!(!of("runtime.goexit", "/elsewhere/asm_amd64.s"));
    }

    #[test]
    fn without_folders_it_is_told_by_the_package() {
        let of = |function, file| is_users(function, Some(file), Some("runtime/proc.go"));
        assert!(of("main.main", "command-line-arguments/main.go"));
        assert!(of("example.org/app/loop.Run", "example.org/app/loop/loop.go"));
        assert!(!of("net/http.(*conn).serve", "net/http/server.go"));
        assert!(!of("github.com/a/b.Run", "github.com/a/b@v1.2.0/run.go"));
        assert!(!is_users("main.main", None, None));
    }
}
