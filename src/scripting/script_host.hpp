// What a running script asks of the server around it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "resp/reply_writer.hpp"

namespace mini_redis {

/// The levels of redis.log(), by their numbers.
enum class script_log_level : std::uint8_t { debug, verbose, notice, warning };

/// What redis.acl_check_cmd() tells.
enum class call_permission : std::uint8_t { yes, no, unknown_command };

/// *Thread safety*: used by the thread that runs the script. Nothing of it throws.
class script_host {
public:
    virtual ~script_host() = default;

    /// Runs a command and writes its reply, which is an error also where the command is unknown or
    /// not allowed. False ends the script at once.
    virtual bool call(std::span<const std::string_view> words, reply_writer& reply) noexcept = 0;

    virtual call_permission permission(std::span<const std::string_view> words) noexcept = 0;

    /// Counts the errors that the reply has more than at the last time.
    virtual void count_errors(reply_writer& reply) noexcept = 0;

    virtual void log(script_log_level level, std::string_view text) noexcept = 0;

    /// Asked every half a millisecond or so; false ends the script.
    virtual bool may_go_on() noexcept = 0;

    /// The error that a script is ended with.
    virtual std::string_view reason_to_end() noexcept = 0;
};

} // namespace mini_redis
