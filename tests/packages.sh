# shellcheck shell=bash
# shellcheck disable=SC2034
# The Debian packages that building, showing and checking need: the one list, for ./demo and ./check.

BUILD_PACKAGES=(cmake ninja-build g++ pkg-config systemd libsystemd-dev libcurl4-openssl-dev libssl-dev libfmt-dev
    nlohmann-json3-dev libsimdjson-dev libexpected-dev libjq-dev libyaml-cpp-dev libsqlite3-dev librabbitmq-dev libzstd-dev)
# a booted systemd, and the simulated measurement hosts in it
SANDBOX_PACKAGES=(systemd-container systemd-sysv dbus util-linux tar iproute2 procps curl openssl ca-certificates python3 sqlite3)
CHECK_PACKAGES=(catch2 rabbitmq-server nginx nghttp2-proxy logrotate socat zstd mandoc man-db shellcheck clang-format clang libclang-rt-14-dev
    file dpkg-dev)

missing_packages() { # PACKAGE...
    local package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

# Installs what is missing. Servers among it are neither started now nor at the next boot: tests run private ones.
install_packages() { # PACKAGE...
    local missing policy=/usr/sbin/policy-rc.d saved='' status=0 unit
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "These packages are missing; install them, or run this as root: ${missing[*]}" >&2
        return 1
    fi
    echo "Installing ${#missing[@]} missing packages: ${missing[*]}"
    if [ -e $policy ]; then
        saved=$policy.saved-$$
        mv $policy "$saved"
    fi
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    # shellcheck disable=SC2064
    trap "rm -f $policy; [ -z '$saved' ] || mv '$saved' $policy" EXIT
    { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install "${missing[@]}"; } >/tmp/meshprobe-apt.$$ 2>&1 ||
        { status=$?; tail -n 30 /tmp/meshprobe-apt.$$ >&2; echo "apt-get failed" >&2; }
    rm -f /tmp/meshprobe-apt.$$
    rm -f $policy
    [ -z "$saved" ] || mv "$saved" $policy
    trap - EXIT
    for unit in rabbitmq-server.service epmd.socket epmd.service; do
        [[ " ${missing[*]} " = *" rabbitmq-server "* ]] && systemctl --quiet disable "$unit" >/dev/null 2>&1
    done
    [[ " ${missing[*]} " = *" nginx "* ]] && systemctl --quiet disable nginx.service >/dev/null 2>&1
    return $status
}

# What root built belongs to the owner of the clone again.
give_back_build() {
    [ "$(id -u)" != 0 ] || [ ! -d build ] || chown -R --reference=. build
}
