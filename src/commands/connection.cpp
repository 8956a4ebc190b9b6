// A connection about itself: greeting, authentication, database, liveness, farewell.
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <mini_redis/version.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/executor.hpp"
#include "commands/families.hpp"
#include "commands/settings.hpp"
#include "commands/tracking.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

constexpr std::string_view wrong_password =
    "WRONGPASS invalid username-password pair or user is disabled.";

// There is one user, "default"; without a password set, any will do.
bool may_log_in(context& c, std::string_view user, std::string_view password) {
    const std::string wanted = c.server.configuration().password();
    return user == "default" && (wanted.empty() || password == wanted);
}

void ping(context& c) {
    if (c.args.size() > 2) return c.reply.error("ERR wrong number of arguments for 'ping' command");
    const std::string_view message = c.args.size() == 2 ? c.args[1] : std::string_view{};
    if (c.client.protocol == protocol_version::resp2 && c.client.subscriptions() != 0) {
        // A RESP2 subscriber expects nothing but arrays.
        c.reply.array(2);
        c.reply.bulk_string("pong");
        c.reply.bulk_string(message);
    } else if (c.args.size() == 2) {
        c.reply.bulk_string(message);
    } else {
        c.reply.simple_string("PONG");
    }
}

void echo(context& c) {
    c.reply.bulk_string(c.args[1]);
}

void quit(context& c) {
    c.client.close_after_reply = true;
    c.reply.ok();
}

void select(context& c) {
    const std::optional<std::size_t> index = database_argument(c, c.args[1]);
    if (!index) return;
    c.client.database = static_cast<std::uint32_t>(*index);
    c.server.refresh(c.client);
    c.reply.ok();
}

void auth(context& c) {
    if (c.args.size() > 3) return c.reply.error(replies::syntax_error);
    const bool named = c.args.size() == 3;
    if (!named && c.server.configuration().password().empty())
        return c.reply.error("ERR AUTH <password> called without any password configured for the "
                             "default user. Are you sure your configuration is correct?");
    if (!may_log_in(c, named ? c.args[1] : "default", c.args.back()))
        return c.reply.error(wrong_password);
    c.client.authenticated = true;
    c.reply.ok();
}

struct hello_options {
    std::optional<protocol_version> protocol;
    std::optional<std::string_view> user;
    std::string_view password;
    std::optional<std::string_view> name;
};

// Replies with an error and returns nothing if the words are wrong.
std::optional<hello_options> parse_hello(context& c) {
    const auto fail = [&](std::string_view text) {
        c.reply.error(text);
        return std::nullopt;
    };
    hello_options options;
    if (c.args.size() >= 2) {
        const std::optional<std::int64_t> version = parse_integer(c.args[1]);
        if (!version) return fail("ERR Protocol version is not an integer or out of range");
        if (*version != 2 && *version != 3) return fail("NOPROTO unsupported protocol version");
        options.protocol = *version == 3 ? protocol_version::resp3 : protocol_version::resp2;
    }
    for (std::size_t i = 2; i < c.args.size(); ++i) {
        const std::size_t more = c.args.size() - 1 - i;
        if (equals_ignoring_case(c.args[i], "auth") && more >= 2) {
            options.user = c.args[i + 1];
            options.password = c.args[i + 2];
            i += 2;
        } else if (equals_ignoring_case(c.args[i], "setname") && more >= 1) {
            options.name = c.args[++i];
            if (!is_client_text(*options.name)) return fail(replies::bad_client_name);
        } else {
            return fail(fmt::format("ERR Syntax error in HELLO option '{}'", shown(c.args[i])));
        }
    }
    return options;
}

void reply_hello(context& c) {
    const auto field = [&](std::string_view name, std::string_view value) {
        c.reply.bulk_string(name);
        c.reply.bulk_string(value);
    };
    c.reply.map(7);
    field("server", "redis");
    field("version", redis_version);
    c.reply.bulk_string("proto");
    c.reply.integer(c.reply.resp3() ? 3 : 2);
    c.reply.bulk_string("id");
    c.reply.integer(static_cast<std::int64_t>(c.client.id));
    field("mode", "standalone");
    field("role", "master");
    c.reply.bulk_string("modules");
    c.reply.array(0);
}

void hello(context& c) {
    const std::optional<hello_options> options = parse_hello(c);
    if (!options) return;
    if (options->user) {
        if (!may_log_in(c, *options->user, options->password)) return c.reply.error(wrong_password);
        c.client.authenticated = true;
    }
    if (!c.client.authenticated && !c.server.configuration().password().empty())
        return c.reply.error(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the "
            "HELLO AUTH <user> <pass> option can be used to authenticate the client and select "
            "the RESP protocol version at the same time");
    if (options->name) c.client.ensure_extra().name = *options->name;
    if (options->protocol) {
        c.client.protocol = *options->protocol;
        c.reply.set_protocol(*options->protocol);
    }
    c.server.refresh(c.client);
    reply_hello(c);
}

void reset(context& c) {
    client_state& client = c.client;
    if (client.extra) {
        for (const std::string& channel : client.extra->channels)
            c.server.unsubscribe(client, subscription_kind::channel, channel);
        for (const std::string& pattern : client.extra->patterns)
            c.server.unsubscribe(client, subscription_kind::pattern, pattern);
        for (const std::string& channel : client.extra->shard_channels)
            c.server.unsubscribe(client, subscription_kind::shard_channel, channel);
        client.extra->shard_channels.clear();
        client.extra->channels.clear();
        client.extra->patterns.clear();
        client.extra->name.clear();
    }
    if (client.monitoring) c.server.end_monitoring(client);
    c.runner.end_transaction(client);
    end_tracking(client, c.store, c.server, false);
    client.database = 0;
    if (client.replies == reply_mode::off) { // after SKIP, this reply is the one to skip
        client.replies = reply_mode::on;
        c.reply.unmute();
    }
    client.no_evict = false;
    client.no_touch = false;
    client.authenticated = c.server.configuration().password().empty();
    client.protocol = protocol_version::resp2;
    c.reply.set_protocol(client.protocol);
    c.server.refresh(client);
    c.reply.simple_string("RESET");
}

using enum command_flag;
using category = acl_category;

constexpr command_flag always = noscript | loading | stale | fast | no_auth | allow_busy;

constexpr std::array<std::string_view, 2> on_all_shards{"request_policy:all_shards",
                                                        "response_policy:all_succeeded"};

constexpr command rows[] = {
    {.name = "auth",
     .handler = auth,
     .arity = -2,
     .flags = always,
     .categories = category::connection,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "[username] password",
     .summary = "Logs the connection in."},
    {.name = "echo",
     .handler = echo,
     .arity = 2,
     .flags = loading | stale | fast,
     .categories = category::connection,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "message",
     .summary = "Answers with what it was given."},
    {.name = "hello",
     .handler = hello,
     .arity = -1,
     .flags = always,
     .categories = category::connection,
     .group = "connection",
     .since = "6.0.0",
     .complexity = "O(1)",
     .syntax = "[arguments: protover:integer [AUTH username password] [SETNAME clientname]]",
     .summary = "Chooses RESP2 or RESP3, logs in and names the connection, all at choice."},
    {.name = "ping",
     .handler = ping,
     .arity = -1,
     .flags = fast | in_subscribed,
     .categories = category::connection,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "[message]",
     .summary = "Shows that the server is there.",
     .tips = on_all_shards},
    {.name = "quit",
     .handler = quit,
     .arity = -1,
     .flags = always | in_subscribed | not_queued,
     .categories = category::connection,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "...",
     .summary = "Ends the connection."},
    {.name = "reset",
     .handler = reset,
     .arity = 1,
     .flags = always | in_subscribed | not_queued,
     .categories = category::connection,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .syntax = "",
     .summary = "Puts the connection back to how it began."},
    {.name = "select",
     .handler = select,
     .arity = 2,
     .flags = loading | stale | fast,
     .categories = category::connection,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "index:integer",
     .summary = "Chooses the database that the connection's commands work on."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> connection_commands() {
    return rows;
}

} // namespace mini_redis
