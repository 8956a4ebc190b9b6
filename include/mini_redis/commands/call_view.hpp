// A client whose calls have a time-out of their own.
#pragma once

#include <chrono>
#include <mini_redis/commands.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <utility>

namespace mini_redis {

/// Calls of the client that it was made from, with another time-out; client::within makes one.
///
/// It refers to the client.
template <class Client>
class call_view : public commands<call_view<Client>>, public generic_commands<call_view<Client>> {
public:
    call_view(Client& on, std::chrono::milliseconds time_out) noexcept
        : client_{&on},
          time_out_{time_out} {}

    /// For the commands: starts a call.
    template <class Reply, class Words, class Reader>
    auto start(Words words, call_settings settings, Reader reader, auto... token) {
        settings.time_out = time_out_;
        return client_->template start<Reply>(std::move(words), settings, std::move(reader),
                                              std::move(token)...);
    }

private:
    Client* client_;
    std::chrono::milliseconds time_out_;
};

} // namespace mini_redis
