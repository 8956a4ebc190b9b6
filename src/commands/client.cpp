// CLIENT: what connections are called, who is connected, and closing others' connections.
#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/client_pause.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/tracking.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

// ON or OFF; otherwise replies with an error and returns nothing.
std::optional<bool> switch_argument(context& c, std::string_view word) {
    if (equals_ignoring_case(word, "on")) return true;
    if (equals_ignoring_case(word, "off")) return false;
    c.reply.error(replies::syntax_error);
    return std::nullopt;
}

std::string flags_of(const client_info& client) {
    std::string flags;
    if (client.monitoring) flags += 'O';
    if (client.queued >= 0) flags += 'x';
    if (client.blocked) flags += 'b';
    if (client.channels + client.patterns + client.shard_channels != 0) flags += 'P';
    if (client.tracking) flags += 't';
    if (client.broken_redirect) flags += 'R';
    if (client.broadcast) flags += 'B';
    if (client.close_after_reply) flags += 'c';
    if (client.is_local) flags += 'U';
    if (client.no_evict) flags += 'e';
    if (client.no_touch) flags += 'T';
    return flags.empty() ? "N" : flags;
}

// One line, in Redis's fields. A connection's only buffers are those with bytes in them, one for
// requests and one for replies: it has no reply buffer of a fixed size (rbs, rbp), and no words of
// its own while it executes (argv-mem).
void append_line(std::string& text, const client_info& client) {
    fmt::format_to(
        std::back_inserter(text),
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} "
        "psub={} ssub={} multi={} qbuf={} qbuf-free={} argv-mem=0 multi-mem={} rbs=0 rbp=0 "
        "obl={} oll={} omem={} tot-mem={} events={} cmd={} "
        "user=default redir={} resp={} lib-name={} lib-ver={}\n",
        client.id, client.address, client.local_address, client.descriptor, client.name,
        client.age_seconds, client.idle_seconds, flags_of(client), client.database, client.channels,
        client.patterns, client.shard_channels, client.queued, client.input_bytes,
        std::max(client.input_memory, client.input_bytes) - client.input_bytes,
        client.queued_memory, client.output_bytes, client.output_memory != 0 ? 1 : 0,
        client.output_memory, client.memory, client.output_bytes != 0 ? "rw" : "r",
        client.last_command, client.redirect, client.protocol, client.library_name,
        client.library_version);
}

// "normal", "master", "replica" or "pubsub"; otherwise replies with an error.
std::optional<std::string> type_argument(context& c, std::string_view word) {
    for (const std::string_view type : {"normal", "master", "replica", "pubsub"})
        if (equals_ignoring_case(word, type)) return std::string{type};
    if (equals_ignoring_case(word, "slave")) return "replica";
    c.reply.error(fmt::format("ERR Unknown client type '{}'", shown(word)));
    return std::nullopt;
}

std::string_view type_of(const client_info& client) noexcept {
    return client.channels + client.patterns + client.shard_channels != 0 ? "pubsub" : "normal";
}

void client_id(context& c) {
    c.reply.integer(static_cast<std::int64_t>(c.client.id));
}

void client_unblock(context& c) {
    bool with_error = false;
    if (c.args.size() == 4) {
        if (equals_ignoring_case(c.args[3], "error"))
            with_error = true;
        else if (!equals_ignoring_case(c.args[3], "timeout"))
            return c.reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    } else if (c.args.size() > 4) {
        return reply_subcommand_misuse(c);
    }
    const std::optional<std::int64_t> id = integer_argument(c, c.args[2]);
    if (!id) return;
    c.reply.integer(c.server.unblock(static_cast<std::uint64_t>(*id), with_error));
}

void client_getname(context& c) {
    if (c.client.extra && !c.client.extra->name.empty())
        c.reply.bulk_string(c.client.extra->name);
    else
        c.reply.null();
}

void client_setname(context& c) {
    if (!is_client_text(c.args[2])) return c.reply.error(replies::bad_client_name);
    c.client.ensure_extra().name = c.args[2];
    c.server.refresh(c.client);
    c.reply.ok();
}

void client_setinfo(context& c) {
    const bool name = equals_ignoring_case(c.args[2], "lib-name");
    if (!name && !equals_ignoring_case(c.args[2], "lib-ver"))
        return c.reply.error(fmt::format("ERR Unrecognized option '{}'", shown(c.args[2])));
    if (!is_client_text(c.args[3]))
        return c.reply.error(
            fmt::format("ERR {} cannot contain spaces, newlines or special characters.",
                        name ? "lib-name" : "lib-ver"));
    client_state::rare& extra = c.client.ensure_extra();
    (name ? extra.library_name : extra.library_version) = c.args[3];
    c.server.refresh(c.client);
    c.reply.ok();
}

// The request that asks counts as not yet executed.
void add_own_request(const context& c, client_info& own) {
    fmt::memory_buffer head;
    fmt::format_to(std::back_inserter(head), "*{}\r\n", c.args.size());
    own.input_bytes += head.size();
    for (const std::string_view word : c.args) {
        head.clear();
        fmt::format_to(std::back_inserter(head), "${}\r\n\r\n", word.size());
        own.input_bytes += head.size() + word.size();
    }
}

void client_info_line(context& c) {
    std::string text;
    client_info own = c.server.describe(c.client);
    add_own_request(c, own);
    append_line(text, own);
    c.reply.verbatim_string("txt", text);
}

void client_list(context& c) {
    std::optional<std::string> type;
    std::optional<std::vector<std::uint64_t>> ids;
    if (c.args.size() == 4 && equals_ignoring_case(c.args[2], "type")) {
        type = type_argument(c, c.args[3]);
        if (!type) return;
    } else if (c.args.size() > 3 && equals_ignoring_case(c.args[2], "id")) {
        ids.emplace();
        for (const std::string_view word : c.args.subspan(3)) {
            const std::optional<std::int64_t> id = parse_integer(word);
            if (!id) return c.reply.error("ERR Invalid client ID");
            ids->push_back(static_cast<std::uint64_t>(*id));
        }
    } else if (c.args.size() != 2) {
        return c.reply.error(replies::syntax_error);
    }

    c.server.refresh(c.client); // what it has changed in this transaction
    std::vector<client_info> clients = c.server.clients();
    for (client_info& client : clients)
        if (client.id == c.client.id) add_own_request(c, client);
    std::string text;
    if (ids) { // in the order in which they were asked for
        for (const std::uint64_t id : *ids)
            for (const client_info& client : clients)
                if (client.id == id) append_line(text, client);
    } else {
        for (const client_info& client : clients)
            if (!type || *type == type_of(client)) append_line(text, client);
    }
    c.reply.verbatim_string("txt", text);
}

// One of CLIENT KILL's pairs of name and value. False after it has replied with an error.
bool add_to_filter(context& c, client_filter& filter, bool& skip_self, std::string_view name,
                   std::string_view value) {
    const auto fail = [&](std::string_view text) {
        c.reply.error(text);
        return false;
    };
    if (equals_ignoring_case(name, "id")) {
        const std::optional<std::int64_t> id = parse_integer(value);
        if (!id || *id < 1) return fail("ERR client-id should be greater than 0");
        filter.id = static_cast<std::uint64_t>(*id);
    } else if (equals_ignoring_case(name, "type")) {
        filter.type = type_argument(c, value);
        return filter.type.has_value();
    } else if (equals_ignoring_case(name, "addr")) {
        filter.address = value;
    } else if (equals_ignoring_case(name, "laddr")) {
        filter.local_address = value;
    } else if (equals_ignoring_case(name, "user")) {
        if (value != "default") return fail(fmt::format("ERR No such user '{}'", shown(value)));
        filter.user = value;
    } else if (equals_ignoring_case(name, "maxage")) { // since Redis 7.4
        filter.max_age_seconds = parse_integer(value);
        if (!filter.max_age_seconds) return fail("ERR maxage is not an integer or out of range");
        if (*filter.max_age_seconds < 1) return fail("ERR maxage should be greater than 0");
    } else if (equals_ignoring_case(name, "skipme")) {
        skip_self = equals_ignoring_case(value, "yes");
        if (!skip_self && !equals_ignoring_case(value, "no")) return fail(replies::syntax_error);
    } else {
        return fail(replies::syntax_error);
    }
    return true;
}

void client_kill(context& c) {
    client_filter filter;
    if (c.args.size() == 3) { // the old form: one address, one's own too
        filter.address = c.args[2];
        if (c.server.kill(c.client, filter) == 0) return c.reply.error("ERR No such client");
        return c.reply.ok();
    }
    bool skip_self = true;
    for (std::size_t i = 2; i < c.args.size(); i += 2) {
        if (i + 1 == c.args.size()) return c.reply.error(replies::syntax_error);
        if (!add_to_filter(c, filter, skip_self, c.args[i], c.args[i + 1])) return;
    }
    if (skip_self) filter.except_id = c.client.id;
    c.reply.integer(static_cast<std::int64_t>(c.server.kill(c.client, filter)));
}

void client_reply(context& c) {
    if (equals_ignoring_case(c.args[2], "on")) {
        c.client.replies = reply_mode::on;
        c.reply.unmute();
        c.reply.ok();
    } else if (equals_ignoring_case(c.args[2], "off")) {
        c.client.replies = reply_mode::off;
    } else if (equals_ignoring_case(c.args[2], "skip")) {
        if (c.client.replies != reply_mode::off) c.client.replies = reply_mode::skip_next;
    } else {
        c.reply.error(replies::syntax_error);
    }
}

void client_no_evict(context& c) {
    const std::optional<bool> on = switch_argument(c, c.args[2]);
    if (!on) return;
    c.client.no_evict = *on;
    c.server.refresh(c.client);
    c.reply.ok();
}

void client_no_touch(context& c) {
    const std::optional<bool> on = switch_argument(c, c.args[2]);
    if (!on) return;
    c.client.no_touch = *on;
    c.server.refresh(c.client);
    c.reply.ok();
}

using enum command_flag;
using category = acl_category;

constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command client_rows[] = {
    {.name = "caching",
     .handler = client_caching,
     .arity = 3,
     .flags = noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "6.0.0",
     .complexity = "O(1)",
     .syntax = "<mode: YES | NO>",
     .summary = "Says whether what the next request reads is to be tracked."},
    {.name = "getname",
     .handler = client_getname,
     .arity = 2,
     .flags = noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "2.6.9",
     .complexity = "O(1)",
     .summary = "Tells the connection's name."},
    {.name = "getredir",
     .handler = client_getredir,
     .arity = 2,
     .flags = noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Tells which client gets the invalidations of this one."},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of CLIENT."},
    {.name = "id",
     .handler = client_id,
     .arity = 2,
     .flags = noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Tells the connection's number, which is never used again."},
    {.name = "info",
     .handler = client_info_line,
     .arity = 2,
     .flags = noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Describes the connection, as CLIENT LIST does.",
     .tips = changing_output},
    {.name = "kill",
     .handler = client_kill,
     .arity = -3,
     .flags = admin | noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "2.4.0",
     .complexity = "O(N) in the number of connections",
     .syntax = "<filter: ip:port:string | <new-format: ID client-id:integer | TYPE <NORMAL | "
               "MASTER | SLAVE | REPLICA | PUBSUB> | USER username | ADDR ip:port:string | "
               "LADDR ip:port:string | SKIPME yes/no ...>>",
     .summary = "Closes the connection with an address, or all that match every filter."},
    {.name = "list",
     .handler = client_list,
     .arity = -2,
     .flags = admin | noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "2.4.0",
     .complexity = "O(N) in the number of connections",
     .syntax = "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [id: ID client-id:integer "
               "[client-id:integer ...]]",
     .summary = "Describes the connections, one a line.",
     .tips = changing_output},
    {.name = "no-evict",
     .handler = client_no_evict,
     .arity = 3,
     .flags = admin | noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "7.0.0",
     .complexity = "O(1)",
     .syntax = "<enabled: ON | OFF>",
     .summary = "Asks that the connection not be closed to save memory."},
    {.name = "no-touch",
     .handler = client_no_touch,
     .arity = 3,
     .flags = noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "7.2.0",
     .complexity = "O(1)",
     .syntax = "<enabled: ON | OFF>",
     .summary = "Lets the connection's commands read keys without counting as their use."},
    {.name = "pause",
     .handler = client_pause_clients,
     .arity = -3,
     .flags = admin | noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "2.9.50",
     .complexity = "O(1)",
     .syntax = "timeout:integer [mode: WRITE | ALL]",
     .summary = "Lets all clients wait with their commands, or with those that write."},
    {.name = "reply",
     .handler = client_reply,
     .arity = 3,
     .flags = noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "3.2.0",
     .complexity = "O(1)",
     .syntax = "<ON | OFF | SKIP>",
     .summary = "Chooses whether the server replies: to all, to none, or not to the next."},
    {.name = "setinfo",
     .handler = client_setinfo,
     .arity = 4,
     .flags = noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "7.2.0",
     .complexity = "O(1)",
     .syntax = "<attr: LIB-NAME libname | LIB-VER libver>",
     .summary = "Tells which client library this is, and its version."},
    {.name = "setname",
     .handler = client_setname,
     .arity = 3,
     .flags = noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "2.6.9",
     .complexity = "O(1)",
     .syntax = "connection-name",
     .summary = "Names the connection."},
    {.name = "tracking",
     .handler = client_tracking,
     .arity = -3,
     .flags = noscript | loading | stale | locks_itself,
     .categories = category::connection,
     .group = "connection",
     .since = "6.0.0",
     .complexity = "O(1), and with BCAST O(N) in the number of prefixes",
     .syntax = "<status: ON | OFF> [REDIRECT client-id:integer] [PREFIX prefix ...] [BCAST] "
               "[OPTIN] [OPTOUT] [NOLOOP]",
     .summary = "Lets the server tell the client when keys that it has read change."},
    {.name = "trackinginfo",
     .handler = client_trackinginfo,
     .arity = 2,
     .flags = noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Tells the connection's tracking options."},
    {.name = "unblock",
     .handler = client_unblock,
     .arity = -3,
     .flags = admin | noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "5.0.0",
     .complexity = "O(log N) in the number of connections",
     .syntax = "client-id:integer [timeout_error: TIMEOUT | ERROR]",
     .summary = "Ends the wait of a client that a blocking command holds up."},
    {.name = "unpause",
     .handler = client_unpause_clients,
     .arity = 2,
     .flags = admin | noscript | loading | stale,
     .categories = category::connection,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(N) in the number of clients that wait",
     .summary = "Ends the pause that CLIENT PAUSE began."},
};

constexpr command rows[] = {
    {.name = "client",
     .arity = -2,
     .group = "connection",
     .since = "2.4.0",
     .complexity = "Depends on subcommand.",
     .summary = "Manages connections.",
     .subcommands = client_rows},
};

static_assert(arities_match(client_rows, 2));

} // namespace

std::span<const command> client_commands() {
    return rows;
}

} // namespace mini_redis
