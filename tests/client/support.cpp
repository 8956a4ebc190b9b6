#include "client/support.hpp"

#include <array>
#include <asio/buffer.hpp>
#include <asio/write.hpp>

namespace mini_redis::test {

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
