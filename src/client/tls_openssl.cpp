#include <asio/ip/address.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>
#include <memory>

#include "client/tls.hpp"
#include "resp/output_buffer.hpp"

namespace mini_redis {

namespace {

// How much is encrypted at once: what is written later is not copied yet.
constexpr std::size_t most_copied = 256 * 1024;

asio::ssl::context make_context(const tls_options& options) {
    asio::ssl::context context{asio::ssl::context::tls_client};
    if (options.ca_file.empty())
        context.set_default_verify_paths();
    else
        context.load_verify_file(options.ca_file);
    if (!options.certificate_file.empty())
        context.use_certificate_chain_file(options.certificate_file);
    if (!options.key_file.empty())
        context.use_private_key_file(options.key_file, asio::ssl::context::pem);
    return context;
}

class openssl_stream final : public tls_stream {
public:
    openssl_stream(socket_type socket, const tls_options& options)
        : options_{options},
          state_{std::make_shared<state>(std::move(socket), make_context(options))} {}

    asio::awaitable<void> shake_hands(std::string host) override {
        const auto keep = state_;
        auto& stream = keep->stream;
        const std::string name = options_.server_name.empty() ? host : options_.server_name;
        std::error_code error;
        asio::ip::make_address(name, error);
        // An address is no name that a server could choose its certificate by (RFC 6066).
        if (error && !name.empty()) SSL_set_tlsext_host_name(stream.native_handle(), name.c_str());
        if (options_.verify) {
            stream.set_verify_mode(asio::ssl::verify_peer);
            if (!name.empty()) stream.set_verify_callback(asio::ssl::host_name_verification{name});
        } else {
            stream.set_verify_mode(asio::ssl::verify_none);
        }
        co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    }

    asio::awaitable<std::pair<std::error_code, std::size_t>>
    read_some(asio::mutable_buffer into) override {
        const auto keep = state_;
        auto [error, size] = co_await keep->stream.async_read_some(into, use_tuple);
        // Servers close without TLS's own good-bye.
        if (error == asio::ssl::error::stream_truncated) error = asio::error::eof;
        co_return std::pair<std::error_code, std::size_t>{error, size};
    }

    std::size_t write_some(std::string_view bytes, std::error_code& error) override {
        error = state_->failed;
        if (state_->is_writing) error = asio::error::would_block;
        if (error) return 0;
        bytes = bytes.substr(0, most_copied);
        state_->outgoing.clear();
        state_->outgoing.append(bytes);
        state_->is_writing = true;
        asio::async_write(state_->stream,
                          asio::buffer(state_->outgoing.data(), state_->outgoing.size()),
                          [keep = state_](std::error_code failed, std::size_t) {
                              keep->is_writing = false;
                              keep->failed = failed;
                              if (const auto then = std::exchange(keep->when_written, nullptr))
                                  then();
                          });
        return bytes.size();
    }

    void when_writable(std::function<void()> then) override {
        state_->when_written = std::move(then);
    }

    void close() noexcept override {
        std::error_code ignored;
        state_->stream.lowest_layer().close(ignored);
        state_->when_written = nullptr; // which may hold what holds this
    }

private:
    // Shared with what is under way.
    struct state {
        state(socket_type socket, asio::ssl::context made)
            : context{std::move(made)},
              stream{std::move(socket), context} {}

        asio::ssl::context context;
        asio::ssl::stream<socket_type> stream;
        output_buffer outgoing{};
        bool is_writing = false;
        std::error_code failed{};
        std::function<void()> when_written{};
    };

    tls_options options_;
    std::shared_ptr<state> state_;
};

} // namespace

std::unique_ptr<tls_stream> make_tls_stream(tls_stream::socket_type socket,
                                            const tls_options& options) {
    return std::make_unique<openssl_stream>(std::move(socket), options);
}

} // namespace mini_redis
