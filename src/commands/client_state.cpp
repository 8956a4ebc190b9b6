#include "commands/client_state.hpp"

#include "commands/tracking.hpp"
#include "commands/transaction.hpp"

namespace mini_redis {

client_state::client_state() = default;
client_state::~client_state() = default;

client_state::rare::rare() = default;
client_state::rare::~rare() = default;

} // namespace mini_redis
