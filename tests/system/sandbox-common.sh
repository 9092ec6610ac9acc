# shellcheck shell=bash
# shellcheck disable=SC2034
# What systemd-sandbox and its supervisor both need: names, states of processes, cgroups.

STATE_BASE=${SYSTEMD_SANDBOX_DIR:-/run/systemd-sandbox}
CGROOT=/sys/fs/cgroup
CGNAME=systemd-sandbox
SB_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

starttime() { # PID -> start time in ticks, empty if it is gone: with it a PID is never mistaken for a later one
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -ra fields <<<"${stat##*) }"
    [ "${fields[0]}" != Z ] && echo "${fields[19]}"
}

alive() { # FILE holding "PID STARTTIME" -> PID
    local pid start
    read -r pid start 2>/dev/null <"$1" || return 1
    [ -n "$start" ] && [ "$(starttime "$pid")" = "$start" ] && echo "$pid"
}

supervisor_of() { alive "$STATE_BASE/$1/supervisor"; }
leader_of()     { alive "$STATE_BASE/$1/leader"; }

host_runs_systemd() { [ -d /run/systemd/system ]; }

# Mount point of the hierarchy for a field 2 of /proc/PID/cgroup ("" is v2).
hierarchy() {
    local d
    case $1 in
        '') if [ -f $CGROOT/cgroup.procs ]; then echo $CGROOT; return; fi
            d=$CGROOT/unified;;
        name=*) d=$CGROOT/${1#name=};;
        *) d=$CGROOT/$1;;
    esac
    [ -f "$d/cgroup.procs" ] && echo "$d"
}

remove_cgroup_tree() {
    [ -d "$1" ] || return 0
    local attempt
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
        [ -d "$1" ] || return 0
        sleep "0.0$attempt"
    done
    return 1
}

remove_cgroups() { # NAME: ends what is still in them
    local d
    for d in "$CGROOT"/*/ "$CGROOT"/; do
        d=${d%/}
        [ -f "$d/$CGNAME/$1/cgroup.kill" ] && echo 1 >"$d/$CGNAME/$1/cgroup.kill"
        remove_cgroup_tree "$d/$CGNAME/$1"
        rmdir "$d/$CGNAME" 2>/dev/null
    done
    return 0
}
