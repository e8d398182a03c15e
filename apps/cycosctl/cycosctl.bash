# cycosctl.bash - completion of commands, options and their values, for bash.
#
# What there is comes from the help of the program itself, so that it is never out of date.

_cycosctl_options()
{
    sed -nE 's/^ +--(\[no-\])?([a-z-]+).*/\1 \2/p' |
        while read -r one two; do
            if [[ -n $two ]]; then
                printf -- '--%s\n--no-%s\n' "$two" "$two"
            else
                printf -- '--%s\n' "$one"
            fi
        done
}

_cycosctl()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local help commands kind='' word
    COMPREPLY=()
    help=$("${COMP_WORDS[0]}" --help 2>/dev/null) || return 0
    commands=$(sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p' <<<"$help")
    # What the option before takes: choices, a file, or something that nobody can guess.
    if [[ $previous =~ ^--[a-z-]+$ ]]; then
        kind=$(sed -nE "s/^ +$previous ([^ ]+).*/\1/p" <<<"$help")
    fi
    if [[ -n $kind ]]; then
        case $kind in
            *[a-z]\|[a-z]*) mapfile -t COMPREPLY < <(compgen -W "${kind//|/ }" -- "$current") ;;
            FILE* | FOLDER) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        esac
        return 0
    fi
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_cycosctl_options <<<"$help")" -- "$current")
        return 0
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word != -* ]] && grep -qx -- "$word" <<<"$commands"; then
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return 0
        fi
    done
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
}

complete -F _cycosctl cycosctl
