// Which requests have to wait while clients are paused.
#include <algorithm>
#include <optional>

#include "commands/executor.hpp"
#include "commands/registry.hpp"
#include "commands/script_runner.hpp"
#include "commands/transaction.hpp"

namespace mini_redis {
namespace {

// What a pause of writes holds up: also what Redis would pass on to replicas.
bool is_write(const command& row) noexcept {
    return has(row.flags, command_flag::write) || has(row.flags, command_flag::may_replicate);
}

bool writes(const registry& commands, std::span<const std::string_view> words) {
    const command* row = commands.find(words[0]);
    if (row != nullptr && !row->subcommands.empty() && words.size() > 1)
        row = find_subcommand(*row, words[1]);
    return row != nullptr && is_write(*row);
}

} // namespace

bool executor::is_held_back(const client_state& client, const request& one) {
    const pause_kind kind = notes_->pause.at(clock_->now_ms()).kind;
    if (kind == pause_kind::none || one.args.empty()) return false;
    // What is refused anyway is refused at once.
    if (one.row == nullptr || !one.arity_fits) return false;
    const command& row = *one.row;
    if (!client.authenticated && !has(row.flags, command_flag::no_auth) &&
        !server_->configuration().password().empty())
        return false;
    if (client.protocol == protocol_version::resp2 && client.subscriptions() != 0 &&
        !has(row.flags, command_flag::in_subscribed))
        return false;
    if (kind == pause_kind::all || has(row.flags, command_flag::write)) return true;
    if (is_write(row)) { // or may be
        const std::optional<script_flags> script = scripts().declared_flags(row, one.args);
        return !script || !script->no_writes;
    }
    if (row.name != "exec" || !client.in_transaction) return false;
    const auto& queued = client.extra->queue->requests;
    return std::any_of(queued.begin(), queued.end(),
                       [&](const owned_words& each) { return writes(*commands_, each.words()); });
}

} // namespace mini_redis
