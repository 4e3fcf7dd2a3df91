# `epshim inspect`: processes that have an epoll, by id, with the name beside it.
_epshim_processes() {
    local -a found
    found=(${${(f)"$(_call_program processes epshim processes)"}/$'\t'/:})
    _describe -t processes process found
}
