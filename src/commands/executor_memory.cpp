// Requests while more memory is used than may be: first keys have to go; if none can, what needs
// memory is refused.
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "commands/context.hpp"
#include "commands/executor.hpp"
#include "commands/script_runner.hpp"
#include "commands/transaction.hpp"

namespace mini_redis {
namespace {

// What ends a transaction, or begins none.
bool ends_transaction(const command& row) noexcept {
    return row.name == "exec" || row.name == "discard" || row.name == "quit" || row.name == "reset";
}

} // namespace

bool executor::make_room() {
    change_log lost;
    lost.client = effects_.changes.client;
    try {
        const bool made = server_->make_room(lost);
        if (!lost.ready.empty()) tell_of_loss(std::move(lost));
        return made;
    } catch (const server_busy&) { // a script has what could go
        drop_effects();
    } catch (const std::bad_alloc&) {
        drop_effects();
    }
    return true; // it is tried again
}

bool executor::needs_memory(const client_state& client, const request& one) {
    const command& row = *one.row;
    if (has(row.flags, command_flag::denyoom)) return true;
    // Queueing takes memory without end.
    if (client.in_transaction && !ends_transaction(row)) return true;
    if (row.name == "exec") return client.in_transaction && client.extra->queue->needs_memory;
    const std::optional<script_flags> script = scripts().declared_flags(row, one.args);
    return script && !script->allow_oom && !script->no_writes;
}

bool executor::has_memory_for(client_state& client, const request& one, reply_writer& reply) {
    is_out_of_memory_ = !make_room();
    if (client.tracking) server_->put_notices_first(client); // of what had to go
    if (!is_out_of_memory_ || !needs_memory(client, one)) return true;
    if (one.row->name != "exec") {
        reply.error(replies::out_of_memory);
        return false;
    }
    end_transaction(client);
    reply.error("EXECABORT Transaction discarded because of: " +
                std::string{replies::out_of_memory});
    return false;
}

} // namespace mini_redis
