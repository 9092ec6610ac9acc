// Documents, good and bad, and what becomes of them.
#include "tests/unit/lib/config_root.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <algorithm>

using namespace meshprobe;
using namespace meshprobe::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct Bad {
    std::string_view document; ///< '@' stands in front of the place of the error
    std::string_view path;     ///< of the first error
    std::string_view message;
    Problem::Scope scope = Problem::Scope::entry;
};

constexpr auto whole = Problem::Scope::whole;

const std::vector<Bad> bad_documents{
    // values
    {"tasks:\n  default:\n    interval: @5 parsecs\n", "tasks.default.interval",
     "expected a duration such as \"5min\" or \"PT5M\", got \"5 parsecs\""},
    {"tasks: {default: {interval: @0}}", "tasks.default.interval", "at least 1s, got \"0\""},
    {"tasks: {default: {interval: @-5min}}", "tasks.default.interval", "expected a duration"},
    {"tasks: {default: {interval: @2d}}", "tasks.default.interval", "at most 1d, got \"2d\""},
    {"tasks: {default: {interval: @[5min]}}", "tasks.default.interval", "got a list"},
    {"tasks: {default: {interval: @{m: 5}}}", "tasks.default.interval", "got a mapping"},
    {"tasks:\n  default:\n    @interval:\n", "tasks.default.interval",
     "expected a duration such as \"5min\" or \"PT5M\", got nothing"},
    {"tasks: {default: {interval: @P1M}}", "tasks.default.interval", "expected a duration"},
    {"tasks: {default: {catch-up: @0}}", "tasks.default.catch-up", "at least"},
    {"tasks: {default: {timeout: @99999999999999999999}}", "tasks.default.timeout", "expected a duration"},
    {"tasks: {default: {enabled: @1}}", "tasks.default.enabled", "expected true or false, got \"1\""},
    {"tasks: {default: {enabled: @y}}", "tasks.default.enabled", "expected true or false, got \"y\""},
    {"tasks: {default: {enabled: @~}}", "tasks.default.enabled", "expected true or false, got \"~\""},
    {"tasks: {default: {max-requests: @0}}", "tasks.default.max-requests",
     "a number from 1 to 64, got \"0\""},
    {"tasks: {default: {max-requests: @65}}", "tasks.default.max-requests", "got \"65\""},
    {"tasks: {default: {max-requests: @010}}", "tasks.default.max-requests", "got \"010\""},
    {"tasks: {default: {max-requests: @0x1F}}", "tasks.default.max-requests", "got \"0x1F\""},
    {"tasks: {default: {max-requests: @-4}}", "tasks.default.max-requests", "got \"-4\""},
    {"tasks: {default: {max-requests: @4.0}}", "tasks.default.max-requests", "got \"4.0\""},
    {"tasks: {default: {log: @sometimes}}", "tasks.default.log",
     "expected each, changes or hourly, got \"sometimes\""},
    {"tasks: {default: {log: @chagnes}}", "tasks.default.log", "(did you mean \"changes\"?)"},
    {"tasks: {default: {calendar: @every now and then}}", "tasks.default.calendar", "systemd.time(7)"},
    {"tasks: {default: {calendar: @\"*:0/5\\nExecStart=/bin/sh\"}}", "tasks.default.calendar",
     "systemd.time(7)"},
    {"tasks: {default: {collect: @esmond}}", "tasks.default.collect",
     "expected a list such as [esmond], got \"esmond\""},
    {"tasks: {default: {collect: [@esmund]}}", "tasks.default.collect", "(did you mean \"esmond\"?)"},
    {"tasks: {default: {collect: @[]}}", "tasks.default.collect", "names no source"},
    {"tasks: {@default: {collect: [http]}}", "tasks.default", "an http.url: is expected"},
    {"tasks: {default: {collect: [http], http: @{url: \"https://{host}/a\"}}}", "tasks.default.http",
     "expected a jq program that picks the results"},
    {"tasks: {default: {collect: [http], http: @{url: \"https://h/a\", script: ., file: /a}}}",
     "tasks.default.http", "got both"},
    {"tasks: {default: {http: {url: @\"https://{hots}/a\"}}}", "tasks.default.http.url",
     "no other braces than those of {host}"},
    {"tasks: {default: {http: {url: @\"ftp://h/a\"}}}", "tasks.default.http.url", "expected a URL"},
    {"tasks: {default: {http: {file: @a.jq}}}", "tasks.default.http.file", "expected an absolute path"},
    {"tasks: {default: {http: {@program: .}}}", "tasks.default.http.program", "unknown key"},
    {"tasks: {default: {summaries: [@throughput]}}", "tasks.default.summaries",
     "expected EVENT-TYPE/SUMMARY-TYPE/SECONDS"},
    {"tasks: {default: {summaries: [@throughput/average/1d]}}", "tasks.default.summaries",
     "got \"throughput/average/1d\""},
    {"tasks: {default: {event-types: [@\"through put\"]}}", "tasks.default.event-types",
     "name of an event type"},
    {"tasks: {default: {event-types: @[]}}", "tasks.default.event-types", "no event type is left"},
    {"tasks: {default: {event-types: {throughput: @maybe}}}", "tasks.default.event-types.throughput",
     "expected true or false"},
    {"tasks: {default: {event-types: @throughput}}", "tasks.default.event-types",
     "expected a list such as [a, b] or a mapping"},
    {"tasks: {default: {event-types: [@[a]]}}", "tasks.default.event-types", "expected a name, got a list"},
    {"tasks: {default: {archives: @[]}}", "tasks.default.archives",
     "no archive is left; results would go nowhere"},
    {"tasks: {default: {archives: @{local: false}}}", "tasks.default.archives", "no archive is left"},
    // connections
    {"tasks: {default: {tls: {trust: @all}}}", "tasks.default.tls.trust",
     "expected ca, first-use, pin or any, got \"all\""},
    {"tasks: {default: {tls: @{trust: pin}}}", "tasks.default.tls", "tls.pins names no key"},
    {"tasks: {default: {tls: {pins: [@abc]}}}", "tasks.default.tls.pins", "sha256//"},
    {"tasks: {default: {tls: {ca: @./ca.pem}}}", "tasks.default.tls.ca",
     "expected an absolute path, got \"./ca.pem\""},
    {"tasks: {default: {tls: {ca: @\"a b\"}}}", "tasks.default.tls.ca", "name of a credential"},
    {"tasks: {default: {tls: @{key: k}}}", "tasks.default.tls", "tls.key is given without tls.certificate"},
    {"tasks: {default: {tls: @any}}", "tasks.default.tls", "expected a mapping"},
    {"tasks: {default: {tls: {@turst: any}}}", "tasks.default.tls.turst",
     "unknown key \"turst\" (did you mean \"trust\"?)"},
    {"tasks: {default: {ip-version: @5}}", "tasks.default.ip-version", "expected any, 4 or 6, got \"5\""},
    {"tasks: {default: {connect-to: @\"a b\"}}", "tasks.default.connect-to", "[ADDRESS]:PORT"},
    {"tasks: {default: {connect-to: [192.0.2.1, @\"h:443:192.0.2.1\"]}}", "tasks.default.connect-to",
     "expected HOST:PORT:HOST2:PORT2"},
    {"tasks: {default: {connect-to: @\":::\"}}", "tasks.default.connect-to", "got \":::\""},
    {"tasks: {default: {connect-to: @\"h:70000:192.0.2.1:\"}}", "tasks.default.connect-to", "expected HOST"},
    {"tasks: {default: {connect-to: @{a: b}}}", "tasks.default.connect-to", "got a mapping"},
    {"tasks: {default: {bind-address: @eth0}}", "tasks.default.bind-address",
     "expected an IPv4 or IPv6 address of this machine, got \"eth0\""},
    {"tasks: {default: {bind-address: @\"[::1]\"}}", "tasks.default.bind-address", "expected an IPv4"},
    {"tasks: {default: {ip-version: 6, bind-address: @192.0.2.1}}", "tasks.default.bind-address",
     "from 192.0.2.1 nothing can be reached with ip-version 6"},
    {"tasks: {default: {no-proxy: [a.example.org, @\"a,b\"]}}", "tasks.default.no-proxy", "expected a name"},
    {"tasks: {default: {no-proxy: [@192.0.2.0/33]}}", "tasks.default.no-proxy", "192.0.2.0/33"},
    {"tasks: {default: {no-proxy: [@\"*.example.org\"]}}", "tasks.default.no-proxy", "expected a name"},
    {"tasks: {default: {proxy-credential: @\"a b\"}}", "tasks.default.proxy-credential",
     "name of a credential"},
    {"archives: {a: {archiver: rabbitmq, url: amqp://b.example.org, proxy: @socks5://p.example.org}}",
     "archives.a.proxy", "AMQP goes through no proxy"},
    // contexts and resources
    {"tasks: {default: {context: {type: @linuxns}}}", "tasks.default.context.type",
     "(did you mean \"linuxnns\"?)"},
    {"tasks: {default: {context: @{type: linuxnns}}}", "tasks.default.context",
     "a context of type linuxnns needs context.namespace"},
    {"tasks: {default: {context: @{type: linuxvrf, namespace: x}}}", "tasks.default.context",
     "needs context.interface"},
    {"tasks: {default: {context: @{type: linuxvrf, interface: x, namespace: x}}}", "tasks.default.context",
     "context.namespace is for type linuxnns"},
    {"tasks: {default: {context: @{namespace: x}}}", "tasks.default.context",
     "context.namespace is for type linuxnns"},
    {"tasks: {default: {context: {type: linuxnns, namespace: @../x}}}", "tasks.default.context.namespace",
     "expected the name of a network namespace"},
    {"tasks: {default: {context: {type: linuxnns, namespace: @\"x%n\"}}}", "tasks.default.context.namespace",
     "got \"x%n\""},
    {"tasks: {default: {context: {type: linuxvrf, interface: @sixteen-letters-}}}",
     "tasks.default.context.interface", "at most 15"},
    {"tasks: {default: {context: {type: plugin, program: @change}}}", "tasks.default.context.program",
     "expected the absolute path of a program"},
    {"tasks: {default: {context: {type: plugin, program: @\"/a b\"}}}", "tasks.default.context.program",
     "got \"/a b\""},
    {"tasks: {default: {context: {type: plugin, program: @/a/../b}}}", "tasks.default.context.program",
     "got \"/a/../b\""},
    {"tasks: {default: {context: {type: plugin, program: /a, data: @\"{\"}}}", "tasks.default.context.data",
     "expected JSON as text"},
    {"tasks: {default: {context: {type: plugin, program: /a, data: @{a: b}}}}", "tasks.default.context.data",
     "expected JSON, got a mapping"},
    {"tasks: {default: {memory-max: @31M}}", "tasks.default.memory-max", "at least 32.0M"},
    {"tasks: {default: {memory-max: @lots}}", "tasks.default.memory-max", "expected a size"},
    {"tasks: {default: {cpu-quota: @50}}", "tasks.default.cpu-quota",
     "expected a share of one CPU from 1% to 10000%, got \"50\""},
    {"tasks: {default: {cpu-quota: @0%}}", "tasks.default.cpu-quota", "got \"0%\""},
    {"tasks: {default: {cpu-quota: @10001%}}", "tasks.default.cpu-quota", "got \"10001%\""},
    {"tasks: {default: {tasks-max: @7}}", "tasks.default.tasks-max", "a number from 8 to 65536"},
    {"tasks: {default: {nice: @-21}}", "tasks.default.nice", "expected a number from -20 to 19, got \"-21\""},
    {"tasks: {default: {nice: @\"5 \"}}", "tasks.default.nice", "got \"5 \""},
    {"hosts: {h.example.org: {context: @{type: plugin}}}", "hosts.h.example.org.context",
     "needs context.program"},
    {"tasks: {default: {proxy: @gopher://x}}", "tasks.default.proxy", "expected a URL"},
    // keys
    {"tasks:\n  default:\n    @intervall: 1min\n", "tasks.default.intervall",
     "unknown key \"intervall\" (did you mean \"interval\"?)"},
    {"tasks: {default: {@event_types: [a]}}", "tasks.default.event_types", "(did you mean \"event-types\"?)"},
    {"tasks: {default: {@zzzz: 1}}", "tasks.default.zzzz", "meshprobe.yaml(5) lists the keys"},
    {"tasks: {@Default: {}}", "tasks.Default", "\"Default\" cannot be a name"},
    {"tasks: {@archive: {}}", "tasks.archive", "the name \"archive\" is taken"},
    {"tasks: {@\"a/../b\": {}}", "tasks.a/../b", "cannot be a name"},
    {"archives: {@\"..\": {archiver: sqlite}}", "archives...", "cannot be a name"},
    // formats and transforms
    {"archives: {a: {archiver: sqlite, format: @lines}}", "archives.a.format", "stores format raw without"},
    {"transforms: {t: {script: .}}\narchives: {a: {archiver: sqlite, transform: @t}}", "archives.a.transform",
     "stores format raw without"},
    {"transforms: {megabits: {script: .}}\narchives: {a: {archiver: rabbitmq, url: amqp://b, exchange: x, "
     "transform: @megabit}}",
     "archives.a.transform", "there is no transform \"megabit\" (did you mean \"megabits\"?)"},
    {"transforms: {t: {script: .}}\narchives: {a: {archiver: rabbitmq, url: amqp://b, exchange: x, format: "
     "lines, "
     "transform: @t}}",
     "archives.a.transform", "format lines is none"},
    {"archives: {@a: {archiver: rabbitmq, url: amqp://b, format: lines}}", "archives.a",
     "expected an exchange:"},
    {"transforms: {@t: {output-raw: true}}", "transforms.t", "expected a script:"},
    {"transforms: {t: {script: @\" \"}}", "transforms.t.script", "expected a script:"},
    {"transforms: {t: {script: ., args: @[1]}}", "transforms.t.args", "expected a mapping"},
    // references
    {"tasks: {default: {archives: [@locla]}}", "tasks.default.archives",
     "there is no archive \"locla\" (did you mean \"local\"?)"},
    {"tasks: {default: {archives: {@gracc: true}}}", "tasks.default.archives",
     "there is no archive \"gracc\""},
    {"tasks: {default: {limits: [@recent]}}", "tasks.default.limits", "there is no limit \"recent\""},
    {"hosts: {h.example.org: {tasks: {@other: {}}}}", "hosts.h.example.org.tasks.other",
     "there is no task \"other\""},
    {"hosts: {h.example.org: {archives: [@x]}}", "hosts.h.example.org.archives", "there is no archive \"x\""},
    // meshes
    {"meshes: {@m: {}}", "meshes.m", "expected a url: or a file:, got neither"},
    {"meshes: {@m: {url: https://a.example.org/, file: /a}}", "meshes.m", "got both"},
    {"meshes: {m: {url: @ftp://a.example.org/}}", "meshes.m.url", "expected a URL such as https://"},
    {"meshes: {m: {url: @\"https://a b/\"}}", "meshes.m.url", "expected a URL"},
    {"meshes: {m: {url: @\"https:///x\"}}", "meshes.m.url", "is not a host name"},
    {"meshes: {m: {file: @mesh.json}}", "meshes.m.file", "expected an absolute path"},
    {"meshes: {m: {file: /m, refresh: @0}}", "meshes.m.refresh", "at least 1s"},
    {"meshes: {m: {file: /m, tls: @{trust: first-use}}}", "meshes.m.tls", "for measurement hosts only"},
    {"meshes: {m: @https://a.example.org/}", "meshes.m", "expected a mapping"},
    {"meshes: {m: {file: /m, @merge-same-address: true}}", "meshes.m.merge-same-address", "unknown key"},
    // archives and limits
    {"archives: {@a: {}}", "archives.a", "expected an archiver:, got none"},
    {"archives: {a: {archiver: @snmptrap}}", "archives.a.archiver",
     "this version has no archiver \"snmptrap\"; it has "},
    {"archives: {a: {archiver: @sqllite}}", "archives.a.archiver", "(did you mean \"sqlite\"?)"},
    {"archives: {@a: {archiver: file}}", "archives.a", "expected a path: such as"},
    {"archives: {a: {archiver: file, path: @srv/x.json}}", "archives.a.path", "expected an absolute path"},
    {"archives: {a: {archiver: file, path: @/x.json}}", "archives.a.path", "in a directory of its own"},
    {"archives: {a: {archiver: file, path: @\"/srv/{host}/x.json\"}}", "archives.a.path",
     "placeholders only in the name of the file"},
    {"archives: {a: {archiver: file, path: @\"/srv/{hots}.json\"}}", "archives.a.path", "{hots}.json"},
    {"archives: {a: {archiver: file, path: @\"/srv/{host\"}}", "archives.a.path", "expected {event-type}"},
    {"archives: {a: {archiver: file, path: @\"/srv/a b/x\"}}", "archives.a.path", "the path of a file"},
    {"archives: {a: {archiver: file, path: @\"/srv/%n/x\"}}", "archives.a.path", "the path of a file"},
    {"archives: {a: {archiver: file, path: @/srv/../x}}", "archives.a.path", "the path of a file"},
    {"archives: {a: {archiver: file, path: @/srv/x/}}", "archives.a.path", "the path of a file"},
    {"archives: {a: {archiver: file, path: @\"/srv/x{host}}\"}}", "archives.a.path", "the path of a file"},
    {"archives: {a: {archiver: file, path: /srv/x, rotate-size: @1K}}", "archives.a.rotate-size",
     "at least 64.0K"},
    {"archives: {a: {archiver: file, path: /srv/x, rotate-age: @0}}", "archives.a.rotate-age", "at least 1s"},
    {"archives: {a: {archiver: file, path: /srv/x, rotate-compress: @gzip}}", "archives.a.rotate-compress",
     "expected none or zstd"},
    {"archives: {a: {archiver: syslog, path: @log}}", "archives.a.path", "expected an absolute path"},
    {"archives: {a: {archiver: syslog, syslog-format: @none}}", "archives.a.syslog-format",
     "needs rfc3164 or rfc5424"},
    {"archives: {a: {archiver: syslog, facility: @local8}}", "archives.a.facility", "(did you mean \"local"},
    {"archives: {a: {archiver: syslog, severity: @8}}", "archives.a.severity", "expected emerg, alert"},
    {"archives: {a: {archiver: syslog, identifier: @\"a b\"}}", "archives.a.identifier",
     "a name for the system log"},
    {"archives: {@a: {archiver: tcp}}", "archives.a", "expected a url: such as tls://"},
    {"archives: {a: {archiver: tcp, url: @udp://h.example.org:1}}", "archives.a.url", "such as tcp://"},
    {"archives: {a: {archiver: tcp, url: @tcp://h.example.org}}", "archives.a.url", "it names no port"},
    {"archives: {a: {archiver: tcp, url: @tcp://u:p@h.example.org:5}}", "archives.a.url", "nobody logs in"},
    {"archives: {a: {archiver: tcp, url: tcp://h.example.org:5, framing: @lines}}", "archives.a.framing",
     "newline or octet-counted"},
    {"archives: {@a: {archiver: udp}}", "archives.a", "expected a url: such as udp://"},
    {"archives: {a: {archiver: udp, url: udp://h.example.org:5, payload-size: @65508}}",
     "archives.a.payload-size", "from 1 to 65507"},
    {"archives: {@a: {archiver: rabbitmq}}", "archives.a", "expected a url:"},
    {"archives: {a: {archiver: rabbitmq, url: @http://b.example.org/}}", "archives.a.url",
     "such as amqps://"},
    {"archives: {a: {archiver: rabbitmq, url: @amqp://b.example.org//}}", "archives.a.url", "is %2F"},
    {"archives: {a: {archiver: rabbitmq, url: @\"amqp://b.example.org/?heartbeat=3\"}}", "archives.a.url",
     "only auth_mechanism=external is known"},
    {"archives: {a: {archiver: rabbitmq, url: amqps://b.example.org, credential: @c}}",
     "archives.a.credential", "no user in the URL"},
    {"archives: {a: {archiver: rabbitmq, url: @\"amqps://b.example.org/?auth_mechanism=external\"}}",
     "archives.a.url", "needs tls.certificate"},
    {"archives: {a: {archiver: rabbitmq, url: amqp://b.example.org, proxy: @http://p.example.org}}",
     "archives.a.proxy", "through no proxy"},
    {"archives: {a: {archiver: rabbitmq, url: amqp://b.example.org, routing-key: @\"x.{event_type}\"}}",
     "archives.a.routing-key", "{event-type}"},
    {"archives: {a: {archiver: rabbitmq, url: amqp://b.example.org, window: @0}}", "archives.a.window",
     "a number from 1 to 65535"},
    {"archives: {@a: {archiver: http}}", "archives.a", "expected a url: such as https://"},
    {"archives: {a: {archiver: http, url: @amqp://c.example.org}}", "archives.a.url", "such as https://"},
    {"archives: {a: {archiver: http, url: @\"https://{host}.example.org/\"}}", "archives.a.url", "{host}"},
    {"archives: {a: {archiver: http, url: @\"https://c.example.org/{metadata}\"}}", "archives.a.url",
     "expected {event-type}, {host}, {task}, {instance}, {archive} or {id} at \"{metadata}\""},
    {"archives: {a: {archiver: http, url: @\"https://c.example.org/#x\"}}", "archives.a.url", "fragment"},
    {"archives: {a: {archiver: http, url: https://c, method: @post}}", "archives.a.method", "such as POST"},
    {"archives: {a: {archiver: http, url: https://c, method: @HEAD}}", "archives.a.method", "such as POST"},
    {"archives: {a: {archiver: http, url: https://c, batch: @7}}", "archives.a.batch",
     "need a body: array or ndjson"},
    {"archives: {a: {archiver: http, url: https://c, body: @array, format: lines}}", "archives.a.body",
     "use ndjson"},
    {"archives: {a: {archiver: http, url: @\"https://c/{id}\", body: ndjson}}", "archives.a.url",
     "needs body: message"},
    {"archives: {a: {archiver: http, url: https://c, headers: {@\"X Y\": z}}}", "archives.a.headers.X Y",
     "expected the name of a header field"},
    {"archives: {a: {archiver: http, url: https://c, headers: {@Content-length: 7}}}",
     "archives.a.headers.Content-length", "written by meshprobe"},
    {"archives: {a: {archiver: http, url: https://c, headers: {@X: \"a\\nY: b\"}}}", "archives.a.headers.X",
     "without control characters"},
    {"archives: {a: {archiver: http, url: https://c, timeout: @0}}", "archives.a.timeout", "at least 1s"},
    {"archives: {a: {archiver: opensearch, url: https://o, format: @raw}}", "archives.a.format",
     "takes format opensearch"},
    {"archives: {a: {archiver: opensearch, url: https://o, index: @Upper}}", "archives.a.index",
     "the name of an index"},
    {"archives: {a: {archiver: opensearch, url: https://o, index: @\"x-{id}\"}}", "archives.a.index",
     "{test-type}"},
    {"archives: {a: {archiver: opensearch, url: @\"https://o/?x=1\"}}", "archives.a.url", "without a query"},
    {"archives: {a: {archiver: esmond, url: https://m, format: @raw}}", "archives.a.format",
     "takes format esmond"},
    {"archives: {a: {archiver: esmond, url: @\"https://m/{host}/\"}}", "archives.a.url",
     "expected no braces"},
    {"archives: {a: {archiver: sqlite, quota: @10Q}}", "archives.a.quota", "expected a size such as"},
    {"archives: {a: {archiver: sqlite, retention: @30d}}", "archives.a.retention", "expected a mapping"},
    {"archives: {a: {archiver: sqlite, retention: {age: @0}}}", "archives.a.retention.age", "at least 1s"},
    {"archives: {a: {archiver: sqlite, format: @cooked}}", "archives.a.format",
     "expected raw, esmond, pscheduler, opensearch or lines, got \"cooked\""},
    {"limits: {@l: {}}", "limits.l", "expected a type:"},
    {"limits: {@l: {type: age}}", "limits.l", "needs something such as max: 40d"},
    {"limits: {l: {type: @jq, max: 1d}}", "limits.l.type", "duplicate or pscheduler, got \"jq\""},
    {"limits: {l: {type: @aeg, max: 1d}}", "limits.l.type", "(did you mean \"age\"?)"},
    {"limits: {l: {type: age, max: 1d, action: @ignore}}", "limits.l.action", "expected drop, flag or fail"},
    {"limits: {l: {type: age, max: 1d, max-record: @5}}", "limits.l.max-record",
     "means nothing to a limit of type age"},
    {"limits: {l: {type: duplicate, deny: @[a]}}", "limits.l.deny",
     "means nothing to a limit of type duplicate"},
    {"limits: {@l: {type: size}}", "limits.l", "max-record: 64K"},
    {"limits: {l: {type: size, max-message: @10}}", "limits.l.max-message", "at least 1.0K"},
    {"limits: {@l: {type: rate, max-results: 5}}", "limits.l", "max-results: 10 and per: 1h"},
    {"limits: {l: {type: rate, max-results: @0, per: 1h}}", "limits.l.max-results", "from 1 to"},
    {"limits: {l: {type: rate, max-results: 5, per: @2d}}", "limits.l.per", "at most 1d"},
    {"limits: {@l: {type: value-range}}", "limits.l", "min-value: 0"},
    {"limits: {l: {type: value-range, min-value: @low}}", "limits.l.min-value", "expected a number such as"},
    {"limits: {l: {type: value-range, min-value: @nan}}", "limits.l.min-value", "expected a number such as"},
    {"limits: {l: {type: value-range, min-value: @2, max-value: 1}}", "limits.l.min-value",
     "above max-value"},
    {"limits: {@l: {type: event-type}}", "limits.l", "deny: [packet-trace]"},
    {"limits: {l: {type: event-type, deny: @[\"a b\"]}}", "limits.l.deny", "can match no event type"},
    {"limits: {@l: {type: pair}}", "limits.l", "deny: [10.0.0.0/8]"},
    {"limits: {l: {type: pair, allow: @[\"10.0.0.0/33 -> *\"]}}", "limits.l.allow",
     "neither a network such as"},
    {"limits: {@l: {type: pscheduler}}", "limits.l", "file: /etc/meshprobe/limits.conf"},
    {"limits: {l: {type: pscheduler, file: @limits.conf}}", "limits.l.file", "expected an absolute path"},
    {"limits: {l: {type: pscheduler, document: @\"{\"}}", "limits.l.document", "expected JSON as text"},
    {"limits: {l: {type: pscheduler, file: @/l, document: \"{}\"}}", "limits.l.file", "got both"},
    // hosts
    {"hosts: {@\"not a host\": {}}", "hosts.not a host", "is not a host name"},
    {"hosts: {@\"a*/b\": {}}", "hosts.a*/b", "can match no host"},
    {"hosts: {PS1.example.org: {}, @ps1.example.org: {}}", "hosts.ps1.example.org", "the same host as in"},
    {"hosts: {h.example.org: {tasks: @[default]}}", "hosts.h.example.org.tasks", "expected a mapping"},
    {"hosts: {h.example.org: {site: @[a]}}", "hosts.h.example.org.site", "expected text, got a list"},
    // the top
    {"@mesh: {}", "mesh", "unknown key \"mesh\" (did you mean \"meshes\"?)", whole},
    {"@meshs: {}", "meshs", "unknown key \"meshs\" (did you mean \"meshes\"?)", whole},
    {"@- a\n- b\n", "", "expected a mapping", whole},
    {"@just text", "", "expected a mapping", whole},
    {"tasks: @[default]", "tasks", "expected a mapping", whole},
    {"slots: @many", "slots", "a number from 1 to 4096", whole},
    {"slots: @0", "slots", "a number from 1 to 4096", whole},
    {"merge-same-address: @perhaps", "merge-same-address", "expected true or false", whole},
};

} // namespace

TEST_CASE("bad values are reported with their place, their path and what was expected") {
    for (const auto& bad : bad_documents) {
        CAPTURE(bad.document);
        const auto at = bad.document.find('@');
        REQUIRE(at != std::string_view::npos);
        const auto before = bad.document.substr(0, at);
        const auto line = std::ranges::count(before, '\n') + 1;
        const auto column = at - (before.rfind('\n') + 1) + 1;
        const ConfigRoot root;
        root.write(std::string(before) + std::string(bad.document.substr(at + 1)));
        const auto loaded = root.read();
        const auto text = errors(loaded.problems);
        CAPTURE(text);
        CHECK_THAT(text, StartsWith(fmt::format("{}:{} {}: ", line, column, bad.path)) &&
                             Contains(std::string(bad.message)));
        for (const auto& problem : loaded.problems) {
            if (problem.scope == Problem::Scope::warning) continue;
            CHECK(problem.scope == bad.scope);
            CHECK(problem.file == root.file("etc/meshprobe/meshprobe.yaml"));
            CHECK(problem.effect.empty() == (bad.scope == whole));
        }
    }
}

TEST_CASE("what is usual, and what looks odd but is right, is taken without a word") {
    const std::vector<std::string_view> documents{
        "",
        "\n",
        "# nothing yet\n",
        "---\n",
        "--- # with a comment\n...\n",
        "{}",
        "~",
        "null\n",
        "meshes:\ntasks:\nhosts:\narchives:\nlimits:\n",
        "\xef\xbb\xbf"
        "slots: 4\n",
        "meshes:\r\n  m:\r\n    file: /m\r\n",
        "\"slots\": \"4\"\n",
        "tasks: {default: {interval: \"PT5M\"}}",
        "tasks: {default: {interval: 300}}",
        "tasks: {default: {interval: 1h, enabled: yes, log: hourly, enable: manual}}",
        "tasks: {default: {enabled: Off}}",
        "tasks: {default: {calendar: \"Mon..Fri *-*-* 06,18:00 UTC\"}}",
        "tasks: {default: {first-run: 0, overlap: 0, reread: 0}}",
        "tasks: {default: {ip-version: 6, connect-to: \"[2001:db8::1]:443\", proxy: "
        "\"socks5h://p.example.org:1080\"}}",
        "tasks: {default: {connect-to: 2001:db8::1}}",
        "tasks: {default: {connect-to: [\"h.example.org:443:[2001:db8::1]:8443\", \"::192.0.2.1:\", "
        "192.0.2.2]}}",
        "tasks: {default: {bind-address: 2001:db8::1, ip-version: 6}}",
        "tasks: {default: {proxy: socks4a://p.example.org, proxy-credential: way-out, proxy-ca: /etc/ca, "
        "no-proxy: [.example.org, h, 192.0.2.0/24, 2001:db8::/32, 192.0.2.1, \"2001:db8::1\", \"*\"]}}",
        "tasks: {default: {context: {type: linuxnns, namespace: blue}}}\n"
        "hosts: {h.example.org: {context: {type: linuxvrf, interface: vrf-red}}, "
        "i.example.org: {context: {type: none}}}",
        "tasks: {default: {context: {type: plugin, program: /usr/lib/x/change, data: \"{\\\"a\\\": [1]}\"}}}",
        "tasks: {default: {memory-max: 64M, cpu-quota: 50%, tasks-max: 64, nice: -5}}\n"
        "hosts: {h.example.org: {memory-max: infinity, cpu-quota: infinity, tasks-max: infinity, nice: 0}}",
        "tasks: {default: {tls: {trust: pin, pins: [sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=]}}}",
        "tasks: {default: {tls: {certificate: fnal-cert, key: /etc/pki/key.pem, ca: /etc/pki/}}}",
        "tasks: {default: {event-types: {histogram-rtt: true, failures: false}}}",
        "tasks: {default: {event-types: [x-of-our-own]}}",
        "tasks: {default: {tls: {}}}",
        "tasks:\n  default:\n    tls:\n",
        "tasks: {other: {interval: 1h}}",
        "x-common: &common {interval: 1h}\ntasks: {other: *common, third: {<<: *common, log: changes}}",
        "meshes: {m: {url: \"http://[2001:db8::1]:8080/mesh?x=1\"}}",
        "meshes: {m: {file: /m, configure-archives: false, allow-private: true, enabled: false}}",
        "archives: {gracc: {archiver: rabbitmq, url: amqps://collector@rmq.example.org/osg-nma, credential: "
        "gracc, format: raw}}",
        "archives: {local: {retention: {age: 30d}}}",
        "archives: {a: {archiver: file, path: \"/srv/results/{host}.{event-type}.json\", format: esmond, "
        "rotate-size: 1G, rotate-age: 1d, rotate-keep: 30, rotate-compress: zstd, window: 100}}",
        "archives: {a: {archiver: syslog}, b: {archiver: syslog, path: /run/rsyslog/log, syslog-format: "
        "rfc5424, facility: local7, severity: debug, identifier: ps/results}}",
        "archives: {a: {archiver: tcp, url: \"tls://[2001:db8::1]:6514\", tls: {trust: any}, framing: "
        "octet-counted, syslog-format: rfc5424, facility: cron, bind-address: \"2001:db8::2\"}}",
        "archives: {a: {archiver: udp, url: \"udp://h.example.org:514\", payload-size: 508, connect-to: "
        "192.0.2.1, ip-version: 4}}",
        "limits: {recent: {type: age, max: P40D}}\ntasks: {default: {limits: [recent]}}",
        "limits: {a: {type: size, max-record: 64K, max-message: 10M, action: fail}}",
        "limits: {a: {type: rate, max-results: 10, per: 1h, action: flag}}",
        "limits: {a: {type: value-range, min-value: -1.5, max-value: 1e9}}",
        "limits: {a: {type: event-type, allow: [packet-*], deny: {failures: true}}}",
        "limits: {a: {type: pair, deny: [10.0.0.0/8, \"*.example.org -> 2001:db8::/32\"]}}",
        "limits: {a: {type: duplicate}}",
        "limits: {a: {type: pscheduler, document: '{\"schema\": 1}'}}",
        "hosts: {\"*\": {enabled: false}, \"10.0.0.?\": {}, 192.0.2.1: {}, \"[2001:db8::1]:8443\": {}, "
        "h.example.org:8443: {}}",
        "hosts: {h.example.org: {enabled: no, tasks: {default: {enabled: true}}}}",
        "hosts: {h.example.org: {country: NO, site: Zürich, version: 1.10, labels: {a: 010, b: yes, c: ~, d: "
        "0x1F, e: 1e3}}}",
    };
    for (const auto document : documents) {
        CAPTURE(document);
        const ConfigRoot root;
        root.write(document);
        const auto loaded = root.read();
        CHECK(errors(loaded.problems) == "");
        CHECK(errors(loaded.problems, true) == "");
        CHECK(loaded.config.tasks.contains("default"));
    }
}

TEST_CASE("text is what is written, whatever YAML would make of it") {
    for (const std::string_view text :
         {"NO", "no", "on", "1.10", "010", "0x1F", "1e3", "~", "null", "NULL", "true", ".inf", "0b1", "1_000",
          "2001-01-01", "12:30:45", "'NO'", "\"NO\""}) {
        CAPTURE(text);
        const ConfigRoot root;
        root.write("hosts:\n  h.example.org:\n    country: " + std::string(text) + "\n    site: after\n");
        const auto description = root.read().config.description_of("h.example.org");
        std::string expected(text);
        std::erase(expected, '"');
        std::erase(expected, '\'');
        CHECK(description.country == expected);
        CHECK(description.site == "after");
    }
}

TEST_CASE("warnings are for what works, but was hardly meant") {
    const std::vector<std::pair<std::string_view, std::string_view>> documents{
        {"tasks: {default: {interval: 7min}}",
         "7min does not divide a minute, an hour or a day evenly; 6min is used"},
        {"tasks: {default: {collect: [opensearch], summaries: [throughput/average/86400]}}",
         "only the source esmond has summaries"},
        {"tasks: {default: {summaries: [througput/average/86400]}}", "(did you mean \"throughput\"?)"},
        {"archives: {a: {archiver: rabbitmq, url: amqp://b, exchange: x, format: esmond}}\n"
         "tasks: {default: {archives: [a], summaries: [throughput/average/86400]}}",
         "gets no summaries"},
        {"tasks: {default: {event-types: {througput: true}}}", "(did you mean \"throughput\"?)"},
        {"meshes: {m: {url: \"https://me:secret@a.example.org/\"}}", "a password in a URL"},
        {"meshes: {m: {file: /m, configure-archives: true}}", "this version takes no archives from a mesh"},
        {"archives: {a: {archiver: rabbitmq, url: \"amqp://me:secret@b.example.org\"}}",
         "a password in a URL"},
        {"archives: {a: {archiver: rabbitmq, url: amqps://me@b.example.org}}",
         "there is no password for user \"me\""},
        {"tasks: {default: {proxy: \"http://me:secret@p.example.org\"}}", "prefer proxy-credential:"},
        {"tasks: {default: {proxy-credential: x}}", "means nothing without a proxy:"},
        {"archives: {a: {archiver: rabbitmq, url: amqp://b.example.org, bind-address: 192.0.2.1}}",
         "means nothing to the archiver rabbitmq"},
        {"archives: {a: {archiver: http, url: \"https://me:secret@c.example.org\"}}", "a password in a URL"},
        {"archives: {a: {archiver: http, url: \"http://c.example.org\", credential: c}}",
         "everybody on the way reads the credential"},
        {"archives: {a: {archiver: http, url: \"https://c.example.org\", headers: {X-Api-Key: secret}}}",
         "prefer credential:"},
        {"archives: {a: {archiver: http, url: \"https://me@c.example.org\"}}",
         "there is no password for user \"me\""},
        {"archives: {a: {archiver: http, url: \"https://c.example.org\", http-fallback: true}}",
         "means nothing to the archiver http"},
        {"archives: {a: {archiver: esmond, url: \"https://c.example.org\", batch: 7}}",
         "means nothing to the archiver esmond"},
        {"archives: {a: {archiver: sqlite, exchange: x}}", "means nothing to the archiver sqlite"},
        {"archives: {a: {archiver: file, path: /home/x/y.json}}", "sees no /home of the system's"},
        {"archives: {a: {archiver: file, path: /srv/x.json, rotate-keep: 3}}",
         "means nothing without rotate"},
        {"archives: {a: {archiver: file, path: /srv/x.json, tls: {trust: any}}}",
         "means nothing to the archiver file"},
        {"archives: {a: {archiver: tcp, url: tcp://h.example.org:1, tls: {trust: any}}}", "it is tls://"},
        {"archives: {a: {archiver: udp, url: udp://h.example.org:1, severity: info}}",
         "means nothing without syslog-format:"},
        {"tasks: {default: {calendar: \"2020-01-01 06:00\"}}",
         "there is no day \"2020-01-01 06:00\" to come"},
        {"hosts: {a: {calendar: \"*-02-30\"}}", "nothing would ever run"},
        {"archives: {local: {enabled: false}}", "all archives named here are disabled"},
        {"limits: {l: {type: event-type, allow: []}}", "is an empty list, which allows everything"},
    };
    for (const auto& [document, message] : documents) {
        CAPTURE(document);
        const ConfigRoot root;
        root.write(document);
        const auto loaded = root.read();
        CHECK(errors(loaded.problems) == "");
        CHECK_THAT(errors(loaded.problems, true), Contains(std::string(message)));
        CHECK(errors(loaded.problems, true).find("secret") == std::string::npos);
    }
}

TEST_CASE("the example of the design means what it says") {
    const ConfigRoot root;
    root.write(R"(
meshes:
  wlcg:  {url: https://psconfig.example.org/pub/config, refresh: 15min}
  local: {file: /etc/meshprobe/mesh/campus.json}
tasks:
  default:
    collect: [esmond]
    interval: 5min
    first-run: 1d
    catch-up: 30d
    limits: [recent]
    archives: {local: true, gracc: true}
limits:
  recent: {type: age, max: 40d}
archives:
  local: {archiver: sqlite, retention: {age: 30d, size: 4G}}
  gracc: {archiver: rabbitmq, url: amqps://collector@rmq.example.org/osg-nma, credential: gracc, format: raw}
hosts:
  "*.fnal.gov":       {tls: {trust: any, certificate: fnal-cert, key: fnal-key}}
  ps7.example.org:    {enabled: false}
  ps8.example.org:    {tasks: {default: {interval: 1min}}, connect-to: 192.0.2.8, ip-version: 4}
)");
    const auto loaded = root.read();
    REQUIRE(errors(loaded.problems) == "");
    const auto& config = loaded.config;
    CHECK(config.meshes.at("wlcg").url == "https://psconfig.example.org/pub/config");
    CHECK(config.meshes.at("wlcg").connection.trust == Trust::ca);
    CHECK(config.meshes.at("local").file == "/etc/meshprobe/mesh/campus.json");
    CHECK(config.limits.at("recent").max == std::chrono::days(40));
    CHECK(config.archives.at("gracc").exchange == "osg.ps.raw");
    CHECK(config.archives.at("gracc").routing_key == "perfsonar.raw.{event-type}");
    CHECK(config.archives.at("local").retention_size == std::uint64_t{4} << 30U);
    const auto usual = config.task("default", "ps1.example.org");
    CHECK(usual == config.tasks.at("default"));
    CHECK(usual.enabled);
    CHECK(usual.event_types.size() == 13);
    CHECK(usual.connection.trust == Trust::first_use);
    CHECK(usual.archives == std::vector<std::string>{"gracc", "local"});
    CHECK(config.task("default", "a.fnal.gov").connection.trust == Trust::any);
    CHECK_FALSE(config.task("default", "ps7.example.org").enabled);
    CHECK(config.task("default", "ps8.example.org").interval == 1min);
    CHECK(config.task("default", "ps8.example.org").connection.ip_version == IpVersion::v4);
    CHECK_FALSE(config.task("other", "ps1.example.org").enabled);
}

TEST_CASE("archives over HTTP: what follows from what is not said") {
    const ConfigRoot root;
    root.write(R"(
transforms: {t: {script: .}}
archives:
  one:  {archiver: http, url: "https://c.example.org/{host}/{id}"}
  many: {archiver: http, url: https://c.example.org, body: ndjson, format: lines, timeout: 5s}
  docs: {archiver: opensearch, url: https://o.example.org:9200/prefix}
  own:  {archiver: opensearch, url: https://o.example.org, format: raw, transform: t, index: "p-{date}", batch: 7}
  bare: {archiver: esmond, url: https://m.example.org}
  path: {archiver: esmond, url: https://m.example.org/archive}
)");
    const auto loaded = root.read();
    CHECK(errors(loaded.problems, true) == "");
    const auto& archives = loaded.config.archives;
    CHECK((archives.at("one").http.batch == 1 && archives.at("one").format == "raw"));
    CHECK(archives.at("one").http.method == "POST");
    CHECK(archives.at("one").http.timeout == 30s);
    CHECK((archives.at("many").http.batch == 100 && archives.at("many").http.timeout == 5s));
    CHECK((archives.at("docs").http.batch == 500 && archives.at("docs").format == "opensearch"));
    CHECK(archives.at("docs").http.index == "pscheduler_{test-type}");
    CHECK((archives.at("own").http.batch == 7 && archives.at("own").http.index == "p-{date}"));
    CHECK((archives.at("bare").format == "esmond" && archives.at("bare").http.batch == 1));
    CHECK(archives.at("bare").url == "https://m.example.org/esmond/perfsonar/archive/");
    CHECK(archives.at("path").url == "https://m.example.org/archive/");
}

TEST_CASE("a transform has its script as text or lines, and arguments of any type") {
    const ConfigRoot root;
    root.write(R"(
transforms:
  block:
    script: |
      .a
      | .b
    args: {number: 1.5, flag: true, nothing: ~, text: yes, version: 1.10, digits: '"5"', list: [1, {a: "q\"t"}], path: C:\x}
  lines: {script: [".a", "| .b"], output-raw: true, description: two lines}
archives:
  lines: {archiver: rabbitmq, url: amqp://b.example.org, exchange: x, format: pscheduler, transform: block}
)");
    const auto loaded = root.read();
    REQUIRE(errors(loaded.problems) == "");
    const auto& transforms = loaded.config.transforms;
    CHECK(transforms.at("block").script == ".a\n| .b\n");
    CHECK(
        transforms.at("block").arguments ==
        R"({"digits":"5","flag":true,"list":[1,{"a":"q\"t"}],"nothing":null,"number":1.5,"path":"C:\\x","text":"yes","version":1.10})");
    CHECK_FALSE(transforms.at("block").output_raw);
    CHECK(transforms.at("lines").script == ".a\n| .b\n");
    CHECK(transforms.at("lines").output_raw);
    const auto& archive = loaded.config.archives.at("lines");
    CHECK(archive.format == "pscheduler");
    CHECK(archive.transform == "block");
    CHECK(archive.exchange == "x");
    CHECK(archive.routing_key == "perfsonar.pscheduler.{event-type}");
}

TEST_CASE("summaries merge by their names, as event types do") {
    const ConfigRoot root;
    root.write("tasks: {default: {summaries: [throughput/average/86400, packet-loss-rate/aggregation/300]}}");
    root.drop_in("50.yaml", "tasks: {default: {summaries: {throughput/average/86400: false, "
                            "histogram-owdelay/statistics/0: true}}}");
    const auto loaded = root.read();
    CHECK(errors(loaded.problems, true) == "");
    const auto task = loaded.config.task("default", "h.example.org");
    CHECK(task.summaries ==
          std::vector<std::string>{"histogram-owdelay/statistics/0", "packet-loss-rate/aggregation/300"});
    auto all = task.event_types;
    all.insert(all.end(), task.summaries.begin(), task.summaries.end());
    CHECK(task.series() == all);
}

TEST_CASE("a document has an address and a program, which a host may have otherwise") {
    const ConfigRoot root;
    root.write("tasks: {default: {collect: [esmond, http], http: {url: \"https://{host}:8080/a.json\", "
               "script: [\".a\", \"| .b\"]}}}\n"
               "hosts: {h.example.org: {http: {url: \"http://other.example.org/\"}}}");
    const auto loaded = root.read();
    CHECK(errors(loaded.problems, true) == "");
    CHECK(loaded.config.task("default", "g.example.org").http ==
          HttpDocument{"https://{host}:8080/a.json", ".a\n| .b\n", ""});
    CHECK(loaded.config.task("default", "h.example.org").http.url == "http://other.example.org/");
    CHECK(loaded.config.task("default", "g.example.org").collect ==
          std::vector<std::string>{"esmond", "http"});
}
