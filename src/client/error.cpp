#include <mini_redis/error.hpp>

namespace mini_redis {

namespace {

class category final : public std::error_category {
public:
    const char* name() const noexcept override { return "mini_redis"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
        case errc::protocol_error: return "the peer sent bytes that are not RESP";
        case errc::connection_closed: return "the server has closed the connection";
        case errc::timed_out: return "the time-out passed before the reply came";
        case errc::unexpected_reply: return "the reply is of an unexpected type";
        case errc::client_closed: return "the client is closed";
        case errc::bad_address: return "the address cannot be understood";
        case errc::error_reply: return "the server answered with an error";
        case errc::not_allowed: return "the command cannot be sent in this way";
        case errc::not_sent: return "the command was not sent";
        case errc::unknown_outcome:
            return "the connection was lost, and the command may have run or not";
        case errc::overloaded: return "too much waits to be sent";
        case errc::not_supported: return "the library was built without TLS";
        }
        return "unknown error";
    }

    // So that `error == std::errc::timed_out` holds for ours as for the operating system's.
    std::error_condition default_error_condition(int value) const noexcept override {
        switch (static_cast<errc>(value)) {
        case errc::protocol_error: return std::errc::protocol_error;
        case errc::connection_closed: return std::errc::connection_reset;
        case errc::timed_out: return std::errc::timed_out;
        case errc::bad_address: return std::errc::invalid_argument;
        case errc::not_allowed: return std::errc::operation_not_permitted;
        case errc::unknown_outcome: return std::errc::connection_reset;
        case errc::not_sent: return std::errc::not_connected;
        case errc::overloaded: return std::errc::no_buffer_space;
        case errc::not_supported: return std::errc::not_supported;
        case errc::unexpected_reply:
        case errc::error_reply:
        case errc::client_closed: break;
        }
        return {value, *this};
    }
};

} // namespace

const std::error_category& error_category() noexcept {
    static const category instance;
    return instance;
}

std::string_view redis_error::code() const noexcept {
    const std::string_view text = what();
    return text.substr(0, text.find(' '));
}

} // namespace mini_redis
