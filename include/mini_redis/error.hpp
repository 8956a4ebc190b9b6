// The errors of the library: `errc` for what goes wrong on the way (as std::error_code in
// std::system_error, of which a call's is call_error), `redis_error` for what a server answered.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace mini_redis {

/// What can fail besides the operating system.
enum class errc {
    /// The peer sent bytes that are not RESP.
    protocol_error = 1,
    /// The server has closed the connection.
    connection_closed,
    /// The call did not end within its time-out; call_error::may_have_run tells whether it was
    /// sent.
    timed_out,
    /// The reply is of another type than the call can return.
    unexpected_reply,
    /// The client was closed, or moved from, while or before the call was made.
    client_closed,
    /// The address is none that client::connect knows.
    bad_address,
    /// The server answered with an error; redis_error, or the failure, has its text.
    error_reply,
    /// The command would change what the connection is (SUBSCRIBE, MONITOR), or what becomes of
    /// others' calls (MULTI), so send() and command() refuse it.
    not_allowed,
    /// The connection was lost, or there was none, before the request was sent: the command has
    /// not run, and may be tried again.
    not_sent,
    /// The connection was lost when the request was under way: the command may have run or not.
    unknown_outcome,
    /// More waits to be sent than the client may hold (connect_options::most_unsent).
    overloaded,
    /// The library was built without TLS.
    not_supported,
};

/// The category of `errc`; its name is "mini_redis".
const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), error_category()};
}

/// An error reply of a server, such as `WRONGTYPE Operation against a key …`.
class redis_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;

    /// The first word, by convention the kind of error: "ERR", "WRONGTYPE", "NOAUTH" …
    std::string_view code() const noexcept;
};

/// What a call throws that got no reply.
class call_error : public std::system_error {
public:
    call_error(std::error_code code, const std::string& context, bool may_have_run)
        : std::system_error{code, context},
          may_have_run_{may_have_run} {}

    explicit call_error(std::error_code code, bool may_have_run)
        : std::system_error{code},
          may_have_run_{may_have_run} {}

    /// False if the command cannot have been executed, as it was not sent: it may be tried again
    /// without being done twice.
    bool may_have_run() const noexcept { return may_have_run_; }

private:
    bool may_have_run_;
};

} // namespace mini_redis

template <>
struct std::is_error_code_enum<mini_redis::errc> : std::true_type {};
