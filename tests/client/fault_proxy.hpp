// A proxy between a client and a server that does to their connections what a plan says: cuts,
// resets, half-closes, stalls, garbage, and bytes that come one by one.
#pragma once

#include <array>
#include <asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

namespace mini_redis::test {

enum class direction { to_server, to_client };

enum class fault {
    none,
    close,      ///< both connections, in order
    reset,      ///< the client's, with RST
    half_close, ///< no more goes this way; the other way goes on
    stall,      ///< from now on everything is swallowed, and nobody is told
    garbage,    ///< bytes that are no RESP go this way, and then what was to go
};

inline const char* to_string(fault what) {
    constexpr std::array<const char*, 6> names{"none",       "close", "reset",
                                               "half-close", "stall", "garbage"};
    return names[static_cast<std::size_t>(what)];
}

/// What befalls a connection.
struct fault_plan {
    fault what = fault::none;
    direction way = direction::to_client;
    /// So many bytes pass that way before.
    std::size_t after = 0;
    /// At most so many bytes pass at once, each way.
    std::size_t piece = std::numeric_limits<std::size_t>::max();
};

/// Accepts on a port of its own, on 127.0.0.1, and connects to the server's for each connection.
///
/// *Thread safety*: belongs to its executor. It may be destroyed at any time: its connections are
/// closed.
class fault_proxy {
public:
    fault_proxy(const asio::any_io_executor& executor, std::uint16_t server_port);
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;
    ~fault_proxy();

    std::string address() const;

    /// What befalls the connection that is accepted as the `index`-th from now on. All others pass
    /// everything.
    void plan(std::size_t index, const fault_plan& plan);

    /// What befalls all connections that are accepted from now on.
    void plan_for_all(const fault_plan& plan);

    /// How many were accepted since plan().
    std::size_t accepted() const noexcept;

    /// How many bytes have passed on the `index`-th.
    std::size_t passed(std::size_t index, direction way) const;

    /// Does it to all connections that there are.
    void strike(fault what);

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace mini_redis::test
