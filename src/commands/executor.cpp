#include "commands/executor.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <fmt/format.h>
#include <string>

#include "commands/arguments.hpp"
#include "commands/context.hpp"

namespace mini_redis {
namespace {

std::string unknown_command(std::span<const std::string_view> args) {
    // As much of the request as helps to find it, as Redis cuts it.
    std::string text =
        fmt::format("ERR unknown command '{}', with args beginning with: ", shown(args[0], 128));
    std::string words;
    for (std::size_t i = 1; i < args.size() && words.size() < 128; ++i)
        words += fmt::format("'{}' ", shown(args[i], 128 - words.size()));
    return text + words;
}

// What an HTTP request begins with, sent by a browser that a page has tricked into talking to us.
bool is_http(std::string_view name) {
    return equals_ignoring_case(name, "post") || equals_ignoring_case(name, "host:");
}

std::string unknown_subcommand(const command& container, std::string_view name) {
    std::string upper{container.name};
    for (char& c : upper)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", shown(name, 128), upper);
}

} // namespace

void executor::prepare(request& one, const client_state& client) const noexcept {
    one.one_key = false;
    one.container = nullptr;
    const registry::numbered found = commands_->find_numbered(one.args[0]);
    one.row = found.row;
    one.number = found.number;
    if (one.row == nullptr) return;
    if (!one.row->subcommands.empty() && one.args.size() > 1) {
        one.container = one.row;
        one.row = find_subcommand(*one.container, one.args[1]);
        if (one.row == nullptr) return;
        one.number += 1 + static_cast<std::uint32_t>(one.row - one.container->subcommands.data());
    }
    const command& row = *one.row;
    one.arity_fits = row.handler != nullptr && arity_fits(row, one.args.size());
    one.one_key = one.arity_fits && row.has_one_key();
    if (!one.one_key) return;
    one.key = hashed_key{one.args[static_cast<std::size_t>(row.keys[0].first)]};
    store_->prefetch_bucket(one.key, client.database);
}

void executor::execute(client_state& client, const request& one, reply_writer& reply) {
    count_->commands.add();
    const std::uint64_t errors = reply.errors();
    command_counters& count = count_->by_command[one.number];
    if (one.row == nullptr || !one.arity_fits) [[unlikely]] {
        if (one.row != nullptr) count.rejected.add();
        refuse(client, one, reply);
    } else if (permitted(client, *one.row, one.container, reply)) [[likely]] {
        if (count.calls.get() % timed_calls == 0) [[unlikely]]
            run_timed(client, one, reply, count);
        else
            run(client, one, reply);
        count.calls.add();
        if (reply.errors() != errors) [[unlikely]]
            count.failed.add();
    } else {
        count.rejected.add();
    }
    if (reply.errors() != errors) [[unlikely]]
        count_->error_replies.add();
}

void executor::run_timed(client_state& client, const request& one, reply_writer& reply,
                         command_counters& count) {
    const auto start = std::chrono::steady_clock::now();
    run(client, one, reply);
    const auto taken = std::chrono::steady_clock::now() - start;
    count.timed_calls.add();
    count.timed_nanoseconds.add(
        static_cast<std::uint64_t>(std::chrono::nanoseconds{taken}.count()));
}

void executor::execute(client_state& client, std::span<const std::string_view> args,
                       reply_writer& reply) {
    request one;
    one.args.assign(args.begin(), args.end());
    prepare(one, client);
    execute(client, one, reply);
}

void executor::refuse(client_state& client, const request& one, reply_writer& reply) {
    if (one.row != nullptr)
        reply.error(fmt::format("ERR wrong number of arguments for '{}' command",
                                full_name(one.container, *one.row)));
    else if (one.container != nullptr)
        reply.error(unknown_subcommand(*one.container, one.args[1]));
    else if (is_http(one.args[0]))
        client.close_after_reply = client.close_without_reply = true;
    else
        reply.error(unknown_command(one.args));
}

bool executor::permitted(client_state& client, const command& row, const command* container,
                         reply_writer& reply) {
    if (!client.authenticated && !has(row.flags, command_flag::no_auth)) [[unlikely]] {
        client.authenticated = server_->configuration().password().empty(); // taken away meanwhile?
        if (!client.authenticated) {
            reply.error("NOAUTH Authentication required.");
            return false;
        }
    }
    if (client.protocol == protocol_version::resp2 && client.subscriptions() != 0 &&
        !has(row.flags, command_flag::in_subscribed)) [[unlikely]] {
        reply.error(fmt::format(
            "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
            "are allowed in this context",
            full_name(container, row)));
        return false;
    }
    return true;
}

void executor::run(client_state& client, const request& one, reply_writer& reply) {
    const command& row = *one.row;
    time_.restart();
    const auto call = [&](std::span<const hashed_key> keys) {
        context c{one.args, keys,    row,       database{*store_, client.database, time_},
                  time_,    reply,   client,    *store_,
                  *server_, *count_, *commands_};
        row.handler(c);
    };
    if (one.one_key) [[likely]] {
        const store_guard guard{*store_, one.key};
        return call({&one.key, 1});
    }
    if (has(row.flags, command_flag::whole_keyspace)) {
        const store_guard guard{*store_, store_guard::all_shards{}};
        return call({});
    }
    if (!row.has_keys()) return call({});
    keys_.clear();
    for_each_key(row, one.args.size(), [&](std::size_t at) { keys_.emplace_back(one.args[at]); });
    const store_guard guard{*store_, keys_};
    call(keys_);
}

} // namespace mini_redis
