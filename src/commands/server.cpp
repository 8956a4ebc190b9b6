// The server as a whole: its figures, its clock, its end.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/info.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

void time(context& c) {
    const std::int64_t now = c.time.now_us();
    c.reply.array(2);
    c.reply.bulk_string(std::to_string(now / 1'000'000));
    c.reply.bulk_string(std::to_string(now % 1'000'000));
}

// There are no replicas, so that there is no other role.
void role(context& c) {
    c.reply.array(3);
    c.reply.bulk_string("master");
    c.reply.integer(0);
    c.reply.array(0);
}

// As Redis says it of keys that were not loaded from anywhere, and never saved.
void lastsave(context& c) {
    c.reply.integer(c.server.statistics().start_unix_ms / 1000);
}

void replicaof(context& c) {
    if (equals_ignoring_case(c.args[1], "no") && equals_ignoring_case(c.args[2], "one"))
        return c.reply.ok(); // it is none
    const std::optional<std::int64_t> port = parse_integer(c.args[2]);
    if (!port || *port < 0 || *port > 65535) return c.reply.error("ERR Invalid master port");
    c.reply.error("ERR mini-redis cannot be a replica");
}

void shutdown(context& c) {
    bool save = false;
    bool nosave = false;
    bool now = false;
    bool force = false;
    bool abort = false;
    for (const std::string_view word : c.args.subspan(1)) {
        if (equals_ignoring_case(word, "save"))
            save = true;
        else if (equals_ignoring_case(word, "nosave"))
            nosave = true;
        else if (equals_ignoring_case(word, "now"))
            now = true;
        else if (equals_ignoring_case(word, "force"))
            force = true;
        else if (equals_ignoring_case(word, "abort"))
            abort = true;
        else
            return c.reply.error(replies::syntax_error);
    }
    if ((abort && (save || nosave || now || force)) || (save && nosave))
        return c.reply.error(replies::syntax_error);
    if (abort) return c.reply.error("ERR No shutdown in progress.");
    // There is no way to save, so who insists on it must not lose the data unawares.
    if (save && !force) return c.reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
    c.client.close_after_reply = true; // which is no reply: the connection just ends
    c.server.shut_down();
}

// There are no replicas, so that this is a way to wait.
void wait(context& c) {
    const std::optional<std::int64_t> replicas = integer_argument(c, c.args[1]);
    if (!replicas) return;
    const std::optional<std::int64_t> timeout = parse_integer(c.args[2]);
    if (!timeout) return c.reply.error("ERR timeout is not an integer or out of range");
    if (*timeout < 0) return c.reply.error("ERR timeout is negative");
    if (*replicas <= 0) return c.reply.integer(0);
    std::int64_t until = 0;
    if (__builtin_add_overflow(c.now_ms(), *timeout, &until))
        return c.reply.error("ERR timeout is out of range");
    c.park(value_type::string, 0, *timeout == 0 ? std::nullopt : std::optional{until},
           timeout_reply::zero);
}

using enum command_flag;
using category = acl_category;

constexpr std::array<std::string_view, 3> info_tips{
    "nondeterministic_output", "request_policy:all_shards", "response_policy:special"};
constexpr std::array<std::string_view, 2> wait_tips{"request_policy:all_shards",
                                                    "response_policy:agg_min"};
constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command rows[] = {
    {.name = "info",
     .handler = info,
     .arity = -1,
     .flags = loading | stale | locks_itself,
     .categories = category::dangerous,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "[section ...]",
     .summary = "Shows figures about the server, by sections.",
     .tips = info_tips},
    {.name = "lastsave",
     .handler = lastsave,
     .arity = 1,
     .flags = loading | stale | fast,
     .categories = category::admin | category::dangerous,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells when the keys were saved last, or the server's start if they never were.",
     .tips = changing_output},
    {.name = "replicaof",
     .handler = replicaof,
     .arity = 3,
     .flags = admin | noscript | stale | no_async_loading,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .syntax = "<args: <host-port: host port:integer> | <no-one: NO ONE>>",
     .summary = "Makes the server a master, which it always is; it cannot be a replica."},
    {.name = "role",
     .handler = role,
     .arity = 1,
     .flags = noscript | loading | stale | fast,
     .categories = category::admin | category::dangerous,
     .group = "server",
     .since = "2.8.12",
     .complexity = "O(1)",
     .summary = "Tells the part that the server has in replication: a master without replicas."},
    {.name = "shutdown",
     .handler = shutdown,
     .arity = -1,
     .flags = admin | noscript | loading | stale | no_multi | allow_busy,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
     .summary = "Stops the server in good order; with SAVE only if that can be, which it cannot."},
    {.name = "slaveof",
     .handler = replicaof,
     .arity = 3,
     .flags = admin | noscript | stale | no_async_loading,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "<args: <host-port: host port:integer> | <no-one: NO ONE>>",
     .summary = "As REPLICAOF, which is its newer name."},
    {.name = "time",
     .handler = time,
     .arity = 1,
     .flags = loading | stale | fast,
     .group = "server",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Tells the server's Unix time: seconds, and microseconds of the second.",
     .tips = changing_output},
    {.name = "wait",
     .handler = wait,
     .arity = 3,
     .flags = noscript,
     .categories = category::connection,
     .group = "generic",
     .since = "3.0.0",
     .complexity = "O(1)",
     .syntax = "numreplicas:integer timeout:integer",
     .summary = "Waits for replicas; as there are none, for the time-out.",
     .tips = wait_tips},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> server_commands() {
    return rows;
}

} // namespace mini_redis
