
# `epshim inspect`: processes that have an epoll, by id and by name.
_epshim_processes() {
    _epshim "$@"
    local cur=${COMP_WORDS[COMP_CWORD]} id name
    if [[ ${COMP_WORDS[1]} != inspect || $COMP_CWORD -lt 2 || $cur == -* || ${COMP_WORDS[COMP_CWORD-1]} == --interval ]]; then
        return
    fi
    COMPREPLY=()
    while IFS=$'\t' read -r id name; do
        [[ $id == "$cur"* ]] && COMPREPLY+=("$id")
        [[ -n $name && $name == "$cur"* ]] && COMPREPLY+=("$name")
    done < <("${COMP_WORDS[0]}" processes 2>/dev/null)
}
complete -F _epshim_processes -o bashdefault -o default epshim
