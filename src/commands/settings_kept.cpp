// Settings that have no effect here, as what they are about is not there or is not done so, but that
// usual redis.conf files have: they are read, kept and shown. What would promise something that
// mini-redis does not do (appendonly yes, save 60 1) is not among them.
#include "commands/settings_table.hpp"

namespace mini_redis {
namespace {

constexpr std::string_view append_fsyncs[] = {"everysec", "always", "no"};
constexpr std::string_view diskless_loads[] = {"disabled", "on-empty-db", "swapdb"};
constexpr std::string_view oom_adjustments[] = {"no", "yes", "relative", "absolute"};
constexpr std::string_view sanitizations[] = {"no", "yes", "clients"};

} // namespace

std::span<const settings::row> settings::kept_rows() noexcept {
    using enum change_rule;
    using kind = setting_kind;
    static constexpr row table[] = {
        {.name = "aclfile", .type = kind::text, .rule = absent},
        {.name = "acllog-max-len", .type = kind::integer, .rule = free, .initial = "128"},
        {.name = "activerehashing", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "always-show-logo", .type = kind::yes_no, .rule = free, .initial = "no"},
        {.name = "aof-load-truncated", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "aof-rewrite-incremental-fsync", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "aof-timestamp-enabled", .type = kind::yes_no, .rule = free, .initial = "no"},
        {.name = "aof-use-rdb-preamble", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "appenddirname", .type = kind::text, .rule = at_start, .initial = "appendonlydir"},
        {.name = "appendfilename", .type = kind::text, .rule = at_start, .initial = "appendonly.aof"},
        {.name = "appendfsync", .type = kind::choice, .rule = free, .initial = "everysec", .choices = append_fsyncs},
        {.name = "auto-aof-rewrite-min-size", .type = kind::memory, .rule = free, .initial = "67108864"},
        {.name = "auto-aof-rewrite-percentage", .type = kind::integer, .rule = free, .initial = "100"},
        {.name = "crash-log-enabled", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "crash-memcheck-enabled", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "dbfilename", .type = kind::text, .rule = guarded, .initial = "dump.rdb"},
        {.name = "disable-thp", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "dynamic-hz", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "io-threads-do-reads", .type = kind::yes_no, .rule = free, .initial = "no"},
        {.name = "jemalloc-bg-thread", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "lazyfree-lazy-eviction", .type = kind::yes_no, .rule = free, .initial = "no"},
        {.name = "no-appendfsync-on-rewrite", .type = kind::yes_no, .rule = free, .initial = "no"},
        {.name = "oom-score-adj", .type = kind::choice, .rule = free, .initial = "no", .choices = oom_adjustments},
        {.name = "oom-score-adj-values", .type = kind::text, .rule = free, .initial = "0 200 800", .several = true},
        {.name = "proc-title-template", .type = kind::text, .rule = free, .initial = "{title} {listen-addr} {server-mode}"},
        {.name = "rdb-del-sync-files", .type = kind::yes_no, .rule = free, .initial = "no"},
        {.name = "rdb-save-incremental-fsync", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "rdbchecksum", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "rdbcompression", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "repl-backlog-size", .type = kind::memory, .rule = free, .initial = "1048576"},
        {.name = "repl-backlog-ttl", .type = kind::integer, .rule = free, .initial = "3600"},
        {.name = "repl-disable-tcp-nodelay", .type = kind::yes_no, .rule = free, .initial = "no"},
        {.name = "repl-diskless-load", .type = kind::choice, .rule = free, .initial = "disabled", .choices = diskless_loads},
        {.name = "repl-diskless-sync", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "repl-diskless-sync-delay", .type = kind::integer, .rule = free, .initial = "5"},
        {.name = "repl-diskless-sync-max-replicas", .type = kind::integer, .rule = free, .initial = "0"},
        {.name = "repl-ping-replica-period", .type = kind::integer, .rule = free, .initial = "10"},
        {.name = "repl-ping-slave-period", .type = kind::integer, .rule = free, .initial = "10", .newer = "repl-ping-replica-period"},
        {.name = "repl-timeout", .type = kind::integer, .rule = free, .initial = "60"},
        {.name = "replica-lazy-flush", .type = kind::yes_no, .rule = free, .initial = "no"},
        {.name = "replica-priority", .type = kind::integer, .rule = free, .initial = "100"},
        {.name = "replica-read-only", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "replica-serve-stale-data", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "sanitize-dump-payload", .type = kind::choice, .rule = free, .initial = "no", .choices = sanitizations},
        {.name = "set-proc-title", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "slave-lazy-flush", .type = kind::yes_no, .rule = free, .initial = "no", .newer = "replica-lazy-flush"},
        {.name = "slave-priority", .type = kind::integer, .rule = free, .initial = "100", .newer = "replica-priority"},
        {.name = "slave-read-only", .type = kind::yes_no, .rule = free, .initial = "yes", .newer = "replica-read-only"},
        {.name = "slave-serve-stale-data", .type = kind::yes_no, .rule = free, .initial = "yes", .newer = "replica-serve-stale-data"},
        {.name = "stop-writes-on-bgsave-error", .type = kind::yes_no, .rule = free, .initial = "yes"},
        {.name = "syslog-enabled", .type = kind::yes_no, .rule = absent, .initial = "no"},
        {.name = "syslog-facility", .type = kind::text, .rule = at_start, .initial = "local0"},
        {.name = "syslog-ident", .type = kind::text, .rule = at_start, .initial = "redis"},
    };
    return table;
}

} // namespace mini_redis
