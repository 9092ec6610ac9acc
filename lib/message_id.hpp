// One MESSAGE_ID for each kind of event. units/meshprobe.catalog says what each means and what to do;
// a test holds the two together.
#pragma once

#include <array>
#include <string_view>

namespace meshprobe {

struct MessageId {
    std::string_view name; ///< for the text output of programs run by hand
    std::string_view id;   ///< 32 hex digits
};

namespace message {

/// probe: a run brought new points
inline constexpr MessageId run_news{"run-news", "3ceaaf308142c8ea91d93080f9b439fc"};
/// probe: the outcome of the runs of a host became another one
inline constexpr MessageId host_state_changed{"host-state-changed", "9dfb369bab13dfae627655daa05f1119"};
/// probe: a local fault (disk, configuration, credentials) ended the run
inline constexpr MessageId run_failed{"run-failed", "6301bbfca0c5154e0ff9bb510944fe0c"};
/// probe: a host's key was seen for the first time and is remembered
inline constexpr MessageId trust_first_use{"trust-first-use", "6fced11d2bd8a1e6047a8387cdde8d51"};
/// probe: a host's key is not the remembered one; nothing was collected
inline constexpr MessageId trust_changed{"trust-changed", "3a124c647e02ff05b7c1dce27f7695f5"};
/// probe: the clocks of host and collector began or ceased to differ by more than 5 min
inline constexpr MessageId clock_skew_changed{"clock-skew-changed", "66080f174c96d8e25cbd0ba3a1a6bcde"};
/// probe: a clock, the host's or ours, was set
inline constexpr MessageId clock_stepped{"clock-stepped", "d87c511e2d5f4fd8a493aba97c195961"};
/// probe: results with times that cannot be right, or with two values for one time, began to come
inline constexpr MessageId times_implausible{"times-implausible", "884cfdcb4d004f54ae757e92f0a00e40"};
/// probe: a time range was skipped on purpose, with the reason
inline constexpr MessageId gap_recorded{"gap-recorded", "b120a366f0bbe9cf42f2dc05873f9bd0"};
/// probe: a back-fill began, went on, got somewhere, or ended
inline constexpr MessageId backfill{"backfill", "5b1f0f3c9d6e4c0b8a4d8c1e7f2a6b93"};
/// probe: one metadata entry or event type failed, the others went on
inline constexpr MessageId series_failed{"series-failed", "78b7d0ac84773ce0ce4cda11b43c589b"};
/// probe: a name turned out to be another one of a host that is collected, or takes its place
inline constexpr MessageId host_alias{"host-alias", "63f498564c7448b696b1c95d89c065be"};
/// refresh: the outcome for one mesh
inline constexpr MessageId mesh_refreshed{"mesh-refreshed", "2330fcf1562ae4b848668d77e827062c"};
/// refresh: a mesh cannot be had; its last good copy stays in force
inline constexpr MessageId mesh_failed{"mesh-failed", "c1acc9906424550ae36bf9b3ddcb369d"};
/// refresh: too many hosts vanished at once; removals wait for meshprobectl mesh accept
inline constexpr MessageId mesh_removals_held{"mesh-removals-held", "9ad9b9a25e78454df065a1c284cc4549"};
/// refresh: something a mesh document names is not usable
inline constexpr MessageId mesh_entry_refused{"mesh-entry-refused", "993565976fbaf662f6a730b7b12e9eed"};
/// any: a problem in the configuration, with file:line:column
inline constexpr MessageId configuration_problem{"configuration-problem", "8df08078a22ea180c5c2c2af3977a654"};
/// any: the configuration is broken as a whole; the last good one stays in force
inline constexpr MessageId configuration_kept{"configuration-kept", "f3194a3b381e53e7952c466e473a1797"};
/// converge: instances were started or stopped
inline constexpr MessageId hosts_applied{"hosts-applied", "c498b6e73648245edafa3a387f006745"};
/// converge: systemd refused something
inline constexpr MessageId converge_failed{"converge-failed", "ab57f9854332c3da675a2e199b58ba8d"};
/// archiver: connected to its archive
inline constexpr MessageId archive_connected{"archive-connected", "c1b87f1a7323691b19f9cbef0f69a4d0"};
/// archiver: the archive is away; the spool is kept and delivery is tried again
inline constexpr MessageId archive_lost{"archive-lost", "2eb737282fea875e75365e1458294a90"};
/// archiver: what was delivered and confirmed
inline constexpr MessageId archive_delivered{"archive-delivered", "ac3e0b5bc29177094c1e26038dabf68e"};
/// archiver: messages were refused for good and moved to failed/
inline constexpr MessageId archive_refused{"archive-refused", "2f314fdb43c48bc764ccdcf9ea5ee53c"};
/// archiver: the broker has no queue for a routing key
inline constexpr MessageId archive_unroutable{"archive-unroutable", "bafe9bd120c5d1529127c47089bf36a2"};
/// probe: an archive's spool passed 80 % of its quota, or fell below again
inline constexpr MessageId spool_filling{"spool-filling", "fe0143729313badffba3fec76ca387b5"};
/// probe: an archive's spool reached its quota
inline constexpr MessageId spool_full{"spool-full", "9280ba2e153453fd735771b237d047c9"};
/// any: a segment of the spool is damaged and was set aside
inline constexpr MessageId spool_corrupt{"spool-corrupt", "6800e67e527f5da656ec4c60da8f3fe2"};

inline constexpr std::array all{run_news,           host_state_changed,    run_failed,
                                trust_first_use,    trust_changed,         clock_skew_changed,
                                clock_stepped,      times_implausible,     gap_recorded,
                                backfill,           series_failed,         host_alias,
                                mesh_refreshed,     mesh_failed,           mesh_removals_held,
                                mesh_entry_refused, configuration_problem, configuration_kept,
                                hosts_applied,      converge_failed,       archive_connected,
                                archive_lost,       archive_delivered,     archive_refused,
                                archive_unroutable, spool_filling,         spool_full,
                                spool_corrupt};

} // namespace message
} // namespace meshprobe
