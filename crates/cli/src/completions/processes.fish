
# `epshim inspect`: processes that have an epoll, by id, with the name beside it.
complete -c epshim -n "__fish_epshim_using_subcommand inspect" -f -a "(command epshim processes 2>/dev/null)"
