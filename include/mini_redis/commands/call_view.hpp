// A client whose calls have settings of their own.
#pragma once

#include <chrono>
#include <mini_redis/commands.hpp>
#include <mini_redis/commands/blocking.hpp>
#include <mini_redis/commands/composed.hpp>
#include <mini_redis/commands/generic.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <optional>
#include <utility>

namespace mini_redis {

/// Calls of the client that it was made from, with another time-out, or such as may be executed
/// twice; client::within and client::idempotent make one. Its pipelines, transactions and
/// iterations are of the same kind; a time-out is for the whole of them, or for each step of an
/// iteration.
///
/// It refers to the client.
template <class Client>
class call_view : public commands<call_view<Client>>,
                  public blocking_commands<call_view<Client>>,
                  public generic_commands<call_view<Client>>,
                  public composed_commands<call_view<Client>> {
public:
    explicit call_view(Client& on) noexcept : client_{&on} {}

    /// With another time-out; zero: none.
    call_view within(std::chrono::milliseconds time_out) const noexcept {
        call_view changed{*this};
        changed.time_out_ = time_out;
        return changed;
    }

    /// They may be executed twice: sent again if their connection is lost.
    call_view idempotent() const noexcept {
        call_view changed{*this};
        changed.idempotent_ = true;
        return changed;
    }

    /// For the commands: starts a call.
    template <class Reply, class Words, class Reader>
    auto start(Words words, call_settings settings, Reader reader, auto... token) {
        if (time_out_) settings.time_out = *time_out_;
        settings.idempotent = settings.idempotent || idempotent_;
        return client_->template start<Reply>(std::move(words), settings, std::move(reader),
                                              std::move(token)...);
    }

    /// For the commands: what they are made of.
    Client& on() noexcept { return *client_; }

    call_settings settings() const noexcept {
        call_settings settings;
        if (time_out_) settings.time_out = *time_out_;
        settings.idempotent = idempotent_;
        return settings;
    }

private:
    Client* client_;
    std::optional<std::chrono::milliseconds> time_out_;
    bool idempotent_ = false;
};

} // namespace mini_redis
