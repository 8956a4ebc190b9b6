// Which requests have to wait while clients are paused.
#include <algorithm>
#include <optional>

#include "commands/executor.hpp"
#include "commands/registry.hpp"
#include "commands/script_runner.hpp"
#include "commands/transaction.hpp"

namespace mini_redis {

// What a pause of writes holds up: also what Redis would pass on to replicas, and scripts that do
// not promise to write nothing.
bool executor::may_write(const command& row, std::span<const std::string_view> words) {
    if (has(row.flags, command_flag::write)) return true;
    if (!has(row.flags, command_flag::may_replicate)) return false;
    const std::optional<script_flags> script = scripts().declared_flags(row, words);
    return !script || !script->no_writes;
}

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
    if (kind == pause_kind::all || may_write(row, one.args)) return true;
    if (row.name != "exec" || !client.in_transaction) return false;
    const auto& queued = client.extra->queue->requests;
    return std::any_of(queued.begin(), queued.end(), [&](const owned_words& each) {
        const std::span<const std::string_view> words = each.words();
        const command* it = commands_->find(words[0]);
        if (it != nullptr && !it->subcommands.empty() && words.size() > 1)
            it = find_subcommand(*it, words[1]);
        return it != nullptr && may_write(*it, words);
    });
}

} // namespace mini_redis
