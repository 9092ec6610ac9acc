#include "lib/paths.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace meshprobe;

TEST_CASE("the system's directories, and those of a user") {
    ::setenv("HOME", "/home/u", 1);
    ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    ::setenv("XDG_CONFIG_HOME", "relative/is/ignored", 1);
    ::unsetenv("XDG_STATE_HOME");

    const Paths system("/image");
    CHECK(system.configuration() == "/image/etc/meshprobe/meshprobe.yaml");
    CHECK(system.credentials("probe") == "/image/etc/meshprobe/credentials/probe");
    CHECK(system.hosts() == "/image/var/lib/meshprobe/mesh/hosts");
    CHECK(system.slots() == "/image/run/meshprobe/slots");
    CHECK(system.systemd_etc() == "/image/etc/systemd/system");
    CHECK_FALSE(system.has_owners());
    CHECK(Paths().has_owners());
    CHECK(system.options() == std::vector<std::string>{"--root", "/image"});

    const auto user = Paths::of_user();
    CHECK(user.configuration() == "/home/u/.config/meshprobe/meshprobe.yaml");
    CHECK(user.hosts() == "/home/u/.local/state/meshprobe/mesh/hosts");
    CHECK(user.applied() == "/run/user/7/meshprobe/applied");
    CHECK(user.systemd_etc() == "/home/u/.config/systemd/user");
    CHECK(user.systemd_run() == "/run/user/7/systemd/user");
    CHECK(user.generated_units() == "/run/user/7/systemd/generator");
    CHECK(user.vendor_configuration() == "/usr/lib/meshprobe/meshprobe.yaml");
    CHECK(user.packaged_units() == "/usr/lib/systemd/user");
    CHECK(user.is_real_root());
    CHECK_FALSE(user.has_owners());
    CHECK(user.options() == std::vector<std::string>{"--root", "/", "--user"});

    ::setenv("XDG_CONFIG_HOME", "/home/u/c", 1);
    ::setenv("XDG_STATE_HOME", "/data/u", 1);
    const auto moved = Paths::of_user("/image");
    CHECK(moved.drop_in_directories() ==
          std::vector<std::filesystem::path>{"/image/usr/lib/meshprobe/meshprobe.yaml.d",
                                             "/image/run/user/7/meshprobe/meshprobe.yaml.d",
                                             "/image/home/u/c/meshprobe/meshprobe.yaml.d"});
    CHECK(moved.spool("local") == "/image/data/u/meshprobe/spool/local");
}
