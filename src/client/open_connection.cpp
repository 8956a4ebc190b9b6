#include "client/open_connection.hpp"

#include <algorithm>
#include <asio/ip/address.hpp>
#include <charconv>
#include <chrono>
#include <mini_redis/channel.hpp>
#include <mini_redis/command_line.hpp>
#include <optional>
#include <tuple>
#include <vector>

#include "client/connection.hpp"
#include "client/deadline.hpp"

namespace mini_redis {

namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using endpoint_list = std::vector<tcp::endpoint>;

// What the handlers share that may outlive the attempt: the system's name look-up, for one, cannot
// be stopped, only left behind.
struct attempt {
    explicit attempt(const asio::any_io_executor& executor)
        : resolver{executor},
          socket{executor},
          timer{executor},
          endpoints{executor, 1} {}

    tcp::resolver resolver;
    tcp::socket socket;
    asio::steady_timer timer;
    channel<endpoint_list> endpoints; // the outcome of the look-up, or of the timer
    bool is_late = false;
};

// However the attempt ends, nothing of it stays: its timer would keep the socket, and the loop.
class end_of_attempt {
public:
    explicit end_of_attempt(std::shared_ptr<attempt> guarded) noexcept
        : attempt_{std::move(guarded)} {}

    end_of_attempt(const end_of_attempt&) = delete;
    end_of_attempt& operator=(const end_of_attempt&) = delete;

    ~end_of_attempt() {
        std::error_code ignored;
        attempt_->timer.cancel();
        attempt_->resolver.cancel();
        attempt_->socket.close(ignored); // nothing, once it was moved from
    }

private:
    std::shared_ptr<attempt> attempt_;
};

std::uint16_t parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0)
        throw std::system_error(errc::bad_address, "port \"" + std::string{text} + "\"");
    return port;
}

void look_up(const std::shared_ptr<attempt>& trying, const host_and_port& where) {
    std::error_code error;
    const auto address = asio::ip::make_address(where.host, error);
    if (!error) {
        trying->endpoints.try_send(std::error_code{},
                                   endpoint_list{tcp::endpoint{address, where.port}});
        return;
    }
    trying->resolver.async_resolve(
        where.host, std::to_string(where.port),
        [trying](std::error_code failure, const tcp::resolver::results_type& results) {
            endpoint_list found;
            for (const auto& result : results)
                found.push_back(result.endpoint());
            trying->endpoints.try_send(failure, std::move(found));
        });
}

void limit(const std::shared_ptr<attempt>& trying, steady_clock::time_point until) {
    trying->timer.expires_at(until);
    trying->timer.async_wait([trying](std::error_code error) {
        if (error) return;
        trying->is_late = true;
        trying->resolver.cancel();
        trying->endpoints.try_send(make_error_code(errc::timed_out), endpoint_list{});
        std::error_code ignored;
        trying->socket.close(ignored);
    });
}

// A connected socket: to the first of the host's addresses that takes the connection. `doing` is
// for the message of the error, which is the last address's.
asio::awaitable<tcp::socket> reach(const host_and_port& where, steady_clock::time_point until,
                                   const std::string& doing) {
    const auto executor = co_await asio::this_coro::executor;
    const auto trying = std::make_shared<attempt>(executor);
    const end_of_attempt guard{trying};
    if (until != steady_clock::time_point::max()) limit(trying, until);
    look_up(trying, where);
    auto [look_up_error, endpoints] = co_await trying->endpoints.async_receive(use_tuple);
    if (look_up_error == channel_errc::channel_cancelled)
        look_up_error = asio::error::operation_aborted;
    if (look_up_error) throw std::system_error(look_up_error, "looking up " + where.host);

    // Not asio::async_connect(), which hides that no socket could be opened.
    std::error_code error = asio::error::host_not_found;
    for (const tcp::endpoint& endpoint : endpoints) {
        std::error_code ignored;
        trying->socket.close(ignored);
        trying->socket.open(endpoint.protocol(), error);
        if (error) continue;
        std::tie(error) = co_await trying->socket.async_connect(endpoint, use_tuple);
        if (!error || trying->is_late || error == asio::error::operation_aborted) break;
    }
    if (trying->is_late) error = errc::timed_out;
    if (error) throw std::system_error(error, doing);
    co_return std::move(trying->socket);
}

// Throws what the server has to say against it.
void expect_ok(const frame& reply) {
    if (reply.is_error()) throw redis_error(std::string{reply.text()});
}

bool does_not_know_hello(const frame& reply) {
    return reply.text().starts_with("NOPROTO") || reply.text().starts_with("ERR unknown command");
}

// What is left of the time for connecting, as a call's time-out.
call_settings within(steady_clock::time_point until) {
    call_settings settings;
    if (until != steady_clock::time_point::max()) {
        const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
        settings.time_out = std::max(left, milliseconds{1});
    }
    return settings;
}

asio::awaitable<void> introduce(connection& to, const connect_options& options,
                                steady_clock::time_point until) {
    const std::string_view user = options.user.empty() ? "default" : std::string_view{options.user};
    bool is_introduced = false;
    if (options.protocol == protocol_version::resp3) {
        command_line hello{"HELLO", 3};
        if (!options.password.empty()) hello.add("AUTH").add(user).add(options.password);
        if (!options.client_name.empty()) hello.add("SETNAME").add(options.client_name);
        const frame reply = co_await ask(to, hello, within(until));
        if (!does_not_know_hello(reply)) {
            expect_ok(reply);
            to.protocol = protocol_version::resp3;
            is_introduced = true;
        }
    }
    if (!is_introduced && !options.password.empty()) {
        command_line auth{"AUTH"};
        if (!options.user.empty()) auth.add(options.user);
        auth.add(options.password);
        const frame reply = co_await ask(to, auth, within(until));
        expect_ok(reply);
    }
    if (!is_introduced && !options.client_name.empty()) {
        const command_line set_name{"CLIENT", "SETNAME", options.client_name};
        const frame reply = co_await ask(to, set_name, within(until));
        expect_ok(reply);
    }
    if (options.database != 0) {
        const command_line select{"SELECT", options.database};
        const frame reply = co_await ask(to, select, within(until));
        expect_ok(reply);
    }
}

// Closes the connection of an attempt that does not end well.
class close_on_failure {
public:
    explicit close_on_failure(connection& guarded) noexcept : connection_{&guarded} {}

    close_on_failure(const close_on_failure&) = delete;
    close_on_failure& operator=(const close_on_failure&) = delete;

    ~close_on_failure() {
        if (connection_) connection_->close(errc::client_closed);
    }

    void release() noexcept { connection_ = nullptr; }

private:
    connection* connection_;
};

} // namespace

host_and_port parse_address(std::string_view address) {
    host_and_port result;
    std::string_view host = address;
    std::optional<std::string_view> port;
    if (address.starts_with('[')) {
        const std::size_t end = address.find(']');
        if (end == std::string_view::npos)
            throw std::system_error(errc::bad_address, std::string{address});
        host = address.substr(1, end - 1);
        const std::string_view rest = address.substr(end + 1);
        if (rest.starts_with(':'))
            port = rest.substr(1);
        else if (!rest.empty())
            throw std::system_error(errc::bad_address, std::string{address});
    } else if (std::count(address.begin(), address.end(), ':') == 1) {
        const std::size_t colon = address.find(':');
        host = address.substr(0, colon);
        port = address.substr(colon + 1);
    }
    if (host.empty() || host.find('\0') != std::string_view::npos)
        throw std::system_error(errc::bad_address, std::string{address});
    if (port) result.port = parse_port(*port);
    result.host = host;
    return result;
}

asio::awaitable<std::shared_ptr<connection>> open_connection(std::string address,
                                                             connect_options options) {
    const host_and_port where = parse_address(address);
    const auto until = options.connect_timeout.count() > 0
                           ? deadline_after(steady_clock::now(), options.connect_timeout)
                           : steady_clock::time_point::max();
    const std::string doing = "connecting to " + address;
    tcp::socket socket = co_await reach(where, until, doing);
    socket.set_option(tcp::no_delay{true});
    socket.non_blocking(true);
    auto opened = std::make_shared<connection>(std::move(socket));
    close_on_failure guard{*opened};
    opened->open();
    try {
        co_await introduce(*opened, options, until);
    } catch (const std::system_error& error) {
        throw std::system_error(error.code(), doing);
    }
    guard.release();
    opened->call_timeout = options.call_timeout;
    co_return opened;
}

} // namespace mini_redis
