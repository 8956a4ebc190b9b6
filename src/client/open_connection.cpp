#include "client/open_connection.hpp"

#include <algorithm>
#include <asio/generic/stream_protocol.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <chrono>
#include <mini_redis/channel.hpp>
#include <mini_redis/command_line.hpp>
#include <optional>
#include <tuple>
#include <vector>

#include "client/address.hpp"
#include "client/connection.hpp"
#include "client/deadline.hpp"

namespace mini_redis {

namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using endpoint_list = std::vector<asio::generic::stream_protocol::endpoint>;

// What the handlers share that may outlive the attempt: the system's name look-up, for one, cannot
// be stopped, only left behind.
struct attempt {
    explicit attempt(const asio::any_io_executor& executor)
        : resolver{executor},
          socket{executor},
          timer{executor},
          endpoints{executor, 1} {}

    tcp::resolver resolver;
    stream_socket socket;
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

endpoint_list unix_endpoint(const std::string& path) {
#ifdef ASIO_HAS_LOCAL_SOCKETS
    if (path.size() >= sizeof(sockaddr_un{}.sun_path))
        throw std::system_error(errc::bad_address, "too long a path");
    return {asio::local::stream_protocol::endpoint{path}};
#else
    throw std::system_error(errc::bad_address, "this system has no unix sockets: " + path);
#endif
}

void look_up(const std::shared_ptr<attempt>& trying, const server_address& where) {
    std::error_code error;
    if (!where.path.empty()) {
        trying->endpoints.try_send(error, unix_endpoint(where.path));
        return;
    }
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
                found.emplace_back(result.endpoint());
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
asio::awaitable<stream_socket> reach(const server_address& where, steady_clock::time_point until,
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
    for (const auto& endpoint : endpoints) {
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

asio::awaitable<std::shared_ptr<connection>> open_connection(std::string address,
                                                             connect_options options) {
    const server_address where = parse_address(address);
    if (where.tls) throw std::system_error(errc::bad_address, "TLS is not supported");
    if (where.user) options.user = *where.user;
    if (where.password) options.password = *where.password;
    if (where.database) options.database = *where.database;
    const auto until = options.connect_timeout.count() > 0
                           ? deadline_after(steady_clock::now(), options.connect_timeout)
                           : steady_clock::time_point::max();
    const std::string doing = "connecting to " + shown_address(where);
    stream_socket socket = co_await reach(where, until, doing);
    if (where.path.empty()) socket.set_option(tcp::no_delay{true});
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
