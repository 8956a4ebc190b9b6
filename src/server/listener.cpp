#include "server/listener.hpp"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "commands/arguments.hpp"
#include "commands/settings.hpp"
#include "server/core.hpp"
#include "server/worker.hpp"

namespace mini_redis {
namespace {

constexpr std::chrono::milliseconds shortest_pause{10};
constexpr std::chrono::milliseconds longest_pause{1'000};

// What accept() reports about one connection only, which was gone before it was taken.
bool concerns_one_connection(const std::error_code& error) {
    return error == asio::error::connection_aborted || error == asio::error::connection_reset ||
           error == asio::error::interrupted || error == asio::error::try_again ||
           error == asio::error::would_block || error == std::errc::protocol_error;
}

} // namespace

listener::listener(core& server, asio::io_context& io, const std::string& addresses,
                   std::uint16_t port)
    : server_{&server},
      io_{&io},
      doors_{open_all(addresses, port, {})},
      port_{doors_.front()->acceptor.local_endpoint().port()} {
    const std::string path = server_->configuration().value_of("unixsocket");
    if (!path.empty()) open_unix(path);
}

// Port 0 is any for the first address, and the same for those behind it. What is open already is
// taken over.
listener::doors listener::open_all(const std::string& addresses, std::uint16_t port,
                                   const doors& open_ones) const {
    doors all;
    for (std::string_view word : split_words(addresses)) {
        const bool optional = word.starts_with('-');
        if (optional) word.remove_prefix(1);
        const std::string address{word == "*" ? "0.0.0.0" : word == "::*" ? "::" : word};
        try {
            const asio::ip::tcp::endpoint wanted{asio::ip::make_address(address), port};
            const auto same =
                std::find_if(open_ones.begin(), open_ones.end(), [&](const auto& each) {
                    return each->acceptor.local_endpoint() == wanted;
                });
            all.push_back(same != open_ones.end() ? *same : open(wanted));
            port = all.back()->acceptor.local_endpoint().port();
        } catch (const std::system_error& error) {
            // As an errno, which compares with std::errc: Asio's own category did not before 1.24.
            const std::error_code code{error.code().value(), std::generic_category()};
            if (optional && (code == std::errc::address_not_available ||
                             code == std::errc::address_family_not_supported))
                continue;
            throw std::system_error{code, fmt::format("cannot listen on {}:{}", address, port)};
        }
    }
    if (all.empty())
        throw std::system_error{std::make_error_code(std::errc::address_not_available),
                                fmt::format("cannot listen on {}", addresses)};
    return all;
}

std::shared_ptr<listener::door> listener::open(const asio::ip::tcp::endpoint& endpoint) const {
    auto opened = std::make_shared<door>(*io_);
    opened->acceptor.open(endpoint.protocol());
    opened->acceptor.set_option(asio::socket_base::reuse_address{true});
    // So that one can listen on all addresses of both kinds.
    if (endpoint.address().is_v6()) opened->acceptor.set_option(asio::ip::v6_only{true});
    opened->acceptor.bind(endpoint);
    opened->acceptor.listen(std::stoi(server_->configuration().value_of("tcp-backlog")));
    return opened;
}

// A file of that name is taken for what an earlier server has left there.
void listener::open_unix(const std::string& path) {
    try {
        auto opened = std::make_shared<unix_door>(*io_);
        ::unlink(path.c_str());
        const asio::local::stream_protocol::endpoint endpoint{path};
        opened->acceptor.open(endpoint.protocol());
        opened->acceptor.bind(endpoint);
        unix_path_ = path;
        const settings& now = server_->configuration();
        const int mode = std::stoi(now.value_of("unixsocketperm"), nullptr, 8);
        if (mode != 0 && ::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0)
            throw std::system_error{errno, std::generic_category()};
        opened->acceptor.listen(std::stoi(now.value_of("tcp-backlog")));
        unix_door_ = std::move(opened);
    } catch (const std::system_error& error) {
        throw std::system_error{error.code().value(), std::generic_category(),
                                fmt::format("cannot listen on {}", path)};
    }
}

listener::~listener() {
    if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

void listener::start(std::function<void()> ended) {
    ended_ = std::move(ended);
    for (const std::shared_ptr<door>& each : doors_)
        spawn(each);
    if (unix_door_) spawn(unix_door_);
}

void listener::move(const std::string& addresses, std::uint16_t port) {
    const std::lock_guard lock{mutex_};
    doors next = open_all(addresses, port, doors_);
    doors before = std::exchange(doors_, next);
    port_ = next.front()->acceptor.local_endpoint().port();
    const auto leave_only_differing = [](doors& of, const doors& others) {
        std::erase_if(of, [&](const auto& each) {
            return std::find(others.begin(), others.end(), each) != others.end();
        });
    };
    doors closing = before;
    leave_only_differing(closing, next);
    leave_only_differing(next, before);
    asio::post(*io_, [this, closing = std::move(closing), opened = std::move(next)] {
        for (const std::shared_ptr<door>& each : opened) {
            if (stopped_)
                each->close();
            else
                spawn(each);
        }
        for (const std::shared_ptr<door>& each : closing)
            each->close();
    });
}

template <class Acceptor>
void listener::spawn(std::shared_ptr<door_of<Acceptor>> here) {
    ++loops_;
    asio::co_spawn(*io_, accept_at(std::move(here)), [this](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure); // a bug: it handles its errors
        if (--loops_ == 0) ended_();
    });
}

template <class Acceptor>
task<void> listener::accept_at(std::shared_ptr<door_of<Acceptor>> here) {
    std::chrono::milliseconds pause = shortest_pause;
    while (!here->closed) {
        auto [error, socket] = co_await here->acceptor.async_accept(io_tuple);
        if (!error) {
            pause = shortest_pause;
            take(std::move(socket));
            continue;
        }
        if (here->closed || concerns_one_connection(error)) continue;
        // Out of descriptors or memory: trying again at once would only spin.
        spdlog::warn("cannot accept a connection: {}; trying again in {} ms", error.message(),
                     pause.count());
        here->pause.expires_after(pause);
        co_await here->pause.async_wait(io_tuple);
        pause = std::min(pause * 2, longest_pause);
    }
}

// In protected mode, strangers come in only with a password.
bool listener::may_enter(tcp_socket& socket) const {
    const settings& now = server_->configuration();
    if (now.protected_mode.load(std::memory_order_relaxed) == 0 || !now.password().empty())
        return true;
    std::error_code ignored;
    const asio::ip::address peer = socket.remote_endpoint(ignored).address();
    if (peer.is_loopback()) return true;
    static constexpr std::string_view refusal =
        "-DENIED Redis is running in protected mode because protected mode is enabled and no "
        "password is set for the default user. Connections are taken from this machine only, until "
        "a password is set (requirepass) or protected-mode is off.\r\n";
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(refusal), ignored);
    return false;
}

// Counts a client in, or refuses it.
template <class Socket>
bool listener::has_room_for(Socket& socket) {
    const std::size_t limit = static_cast<std::size_t>(
        server_->configuration().max_clients.load(std::memory_order_relaxed));
    if (server_->try_enter(limit)) return true;
    rejected_.fetch_add(1, std::memory_order_relaxed);
    static constexpr std::string_view refusal = "-ERR max number of clients reached\r\n";
    std::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(refusal), ignored);
    return false;
}

void listener::take(tcp_socket socket) {
    accepted_.fetch_add(1, std::memory_order_relaxed);
    if (!may_enter(socket)) {
        rejected_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    if (!has_room_for(socket)) return;
    std::error_code ignored;
    const asio::ip::tcp protocol = socket.local_endpoint(ignored).protocol();
    const auto descriptor = socket.release(ignored);
    server_->next_worker().adopt(descriptor, protocol, next_id_++);
}

// A session reads and writes either kind alike: the descriptor of a Unix socket goes as one of TCP.
void listener::take(asio::basic_stream_socket<asio::local::stream_protocol, io_executor> socket) {
    accepted_.fetch_add(1, std::memory_order_relaxed);
    if (!has_room_for(socket)) return;
    std::error_code ignored;
    const auto descriptor = socket.release(ignored);
    server_->next_worker().adopt(descriptor, asio::ip::tcp::v4(), next_id_++);
}

void listener::stop() {
    asio::post(*io_, [this] {
        stopped_ = true;
        const std::lock_guard lock{mutex_};
        for (const std::shared_ptr<door>& each : doors_)
            each->close();
        if (unix_door_) unix_door_->close();
    });
}

} // namespace mini_redis
