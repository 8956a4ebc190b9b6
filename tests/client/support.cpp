#include "client/support.hpp"

#include <array>
#include <asio/buffer.hpp>
#include <asio/write.hpp>
#include <mini_redis/blocking_client.hpp>

namespace mini_redis::test {

void run_to_end(asio::awaitable<void> coroutine) {
    asio::io_context context{1};
    std::exception_ptr failure;
    bool has_ended = false;
    asio::co_spawn(context, std::move(coroutine), [&](std::exception_ptr thrown) {
        failure = std::move(thrown);
        has_ended = true;
    });
    context.run_for(60s);
    if (failure) std::rethrow_exception(failure);
    if (!has_ended) throw std::runtime_error("the test hangs");
}

bool knows(const redis_process& server, std::string_view command) {
    auto asking = blocking_client::connect(address_of(server));
    const frame about = asking.send("COMMAND", "INFO", command);
    return !about.elements().at(0).is_null();
}

asio::awaitable<std::string> read_until(asio::ip::tcp::socket& peer, std::string_view end) {
    std::string received;
    std::array<char, 65536> buffer;
    while (!received.ends_with(end)) {
        const std::size_t size =
            co_await peer.async_read_some(asio::buffer(buffer), asio::use_awaitable);
        received.append(buffer.data(), size);
    }
    co_return received;
}

asio::awaitable<void> write(asio::ip::tcp::socket& peer, std::string text) {
    co_await asio::async_write(peer, asio::buffer(text), asio::use_awaitable);
}

} // namespace mini_redis::test
