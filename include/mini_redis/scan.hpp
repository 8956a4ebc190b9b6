// Iterating over keys, and over what is in one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mini_redis/asio.hpp>
#include <mini_redis/command_line.hpp>
#include <mini_redis/commands/family.hpp>
#include <mini_redis/detail/call_limit.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/detail/run_operation.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mini_redis {

/// What SCAN and its relatives may be told.
struct scan_options {
    std::string match{};    ///< MATCH: only what fits this glob pattern, unless it is empty
    std::string type{};     ///< TYPE, of keys: only "string", "list" …, unless it is empty
    std::int64_t count = 0; ///< COUNT: about how many the server looks at in a step, unless 0
};

/// SCAN, HSCAN, SSCAN or ZSCAN from beginning to end; client::scan and its relatives make one.
///
///     auto users = c.scan({.match = "user:*"});
///     while (std::optional<std::string> key = co_await users.next()) print(*key);
///
/// It refers to its client. What is there all the time is given at least once, and now and then
/// twice; what comes or goes meanwhile may be given or not (SCAN's own guarantees).
template <class Client, class Value>
class basic_scan {
public:
    /// `beginning` is the command and, if it has one, its key.
    basic_scan(Client& on, std::vector<std::string> beginning, scan_options options,
               const call_settings& settings = {})
        : client_{&on},
          beginning_{std::move(beginning)},
          options_{std::move(options)},
          settings_{settings} {}

    /// The next one; nothing at the end. Where few are found the server is asked several times: a
    /// call's time-out is for all of that, until there is one.
    ///
    /// *Errors*: those of a call, after which it may be called again.
    auto next(auto... token)
        requires requires { typename Client::executor_type; }
    {
        return client_->run(next_when_there<typename Client::executor_type>(), std::move(token)...);
    }

    auto next(auto... token) {
        const auto step_on = [this] {
            const call_limit limit{client_->deadline(settings_.time_out)};
            while (at_ == found_.size() && !has_ended_)
                take(client_->template start<step>(request(), limit.applied_to(settings_),
                                                   typed_reader<step>{}));
            return pop();
        };
        return run_blocking(step_on, token...);
    }

private:
    using step = std::pair<std::string, std::vector<Value>>;

    template <class Executor>
    asio::awaitable<std::optional<Value>, Executor> next_when_there() {
        const call_limit limit{client_->deadline(settings_.time_out)};
        while (at_ == found_.size() && !has_ended_) {
            command_line line = request();
            const call_settings settings = limit.applied_to(settings_);
            step reply = co_await client_->template start<step>(std::move(line), settings,
                                                                typed_reader<step>{});
            take(std::move(reply));
        }
        co_return pop();
    }

    command_line request() const {
        command_line line;
        for (const std::string& word : beginning_)
            line.add(word);
        line.add(cursor_);
        if (!options_.match.empty()) line.add("MATCH").add(options_.match);
        if (options_.count > 0) line.add("COUNT").add(options_.count);
        if (!options_.type.empty()) line.add("TYPE").add(options_.type);
        return line;
    }

    void take(step reply) {
        cursor_ = std::move(reply.first);
        found_ = std::move(reply.second);
        at_ = 0;
        has_ended_ = cursor_ == "0";
    }

    std::optional<Value> pop() {
        if (at_ == found_.size()) return std::nullopt;
        return std::move(found_[at_++]);
    }

    Client* client_;
    std::vector<std::string> beginning_;
    scan_options options_;
    call_settings settings_;
    std::string cursor_ = "0";
    std::vector<Value> found_;
    std::size_t at_ = 0; // of found_: the next to be given
    bool has_ended_ = false;
};

} // namespace mini_redis
