# shellcheck shell=bash
# bash completion for meshprobectl: commands and options come from its own help, names from its own lists.

_meshprobectl_words() {
    # $1: the part of the help text, "Commands:" or "Options:"
    sed -n "/^$1\$/,/^\$/s/^  \\([-a-z]\\{2,\\}\\).*/\\1/p"
}

_meshprobectl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local -a root=()
    local command="" arguments=0 index
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
        --root) root+=(--root "${COMP_WORDS[++index]}") ;;
        --user) root+=(--user) ;;
        -*) ;;
        *) if [[ -z $command ]]; then command=${COMP_WORDS[index]}; else ((arguments++)); fi ;;
        esac
    done
    if [[ $previous == --root ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
    fi

    local words
    if [[ $current == -* ]]; then
        words=$(meshprobectl ${command:+"$command"} --help 2>/dev/null | _meshprobectl_words Options:)
    elif [[ -z $command ]]; then
        words=$(meshprobectl --help 2>/dev/null | _meshprobectl_words Commands:)
    else
        case $command in
        help) words=$(meshprobectl --help 2>/dev/null | _meshprobectl_words Commands:) ;;
        mesh)
            if ((arguments == 0)); then
                words="list show accept expand hosts validate"
            elif [[ " ${COMP_WORDS[*]} " == *" mesh "@(expand|hosts|validate)" "* ]]; then
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
                return
            else
                words=$(meshprobectl "${root[@]}" mesh list --no-legend 2>/dev/null | cut -d' ' -f1)
            fi ;;
        import)
            if ((arguments > 0)); then
                mapfile -t COMPREPLY < <(compgen -d -- "$current")
                return
            fi
            words="ps-collector rsv" ;;
        compare | convert | survey)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return ;;
        transform)
            if ((arguments > 0)); then
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
                return
            fi
            words="try" ;;
        limits)
            if ((arguments == 0)); then
                words="check try"
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
                return
            fi ;;
        spool) ((arguments == 0)) && words="list show retry export drop" ;;
        explain)
            words=$(meshprobectl "${root[@]}" hosts --no-legend 2>/dev/null | cut -d' ' -f1 | sed 's/:[0-9]*$//') ;;
        coverage)
            if [[ $previous == --mesh ]]; then
                words=$(meshprobectl "${root[@]}" mesh list --no-legend 2>/dev/null | cut -d' ' -f1)
            else
                words=$(meshprobectl "${root[@]}" hosts --no-legend 2>/dev/null | cut -d' ' -f1)
            fi ;;
        backfill | config | disable | enable | gaps | hosts | run | status | trust)
            words=$(meshprobectl "${root[@]}" hosts --no-legend 2>/dev/null | cut -d' ' -f1) ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    # "host:port" is one word to us, though not to readline.
    declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$current"
}

complete -F _meshprobectl meshprobectl
