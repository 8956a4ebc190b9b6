// What others may see of a session: CLIENT LIST asks on any thread, while the session runs on its
// own. So the session copies here what has changed, and nobody else looks into its state.
#pragma once

#include <asio/ip/tcp.hpp>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "commands/client_state.hpp"
#include "commands/command.hpp"
#include "commands/services.hpp"
#include "resp/output_buffer.hpp"
#include "server/io.hpp"

namespace mini_redis {

class core;

/// *Thread safety*: the session's thread writes; any thread may call describe() and last_active().
/// What is no atomic is guarded by the directory's lock: publish_names() and describe() need it.
class shown_state {
public:
    shown_state(std::uint64_t id, tcp_socket& socket, std::int64_t now_ms, std::uint32_t second);

    /// Copies what commands may have changed.
    void publish(const client_state& client) noexcept;
    /// Copies name and library; under the directory's lock.
    void publish_names(const client_state& client);

    void set_last_command(const command* row) noexcept {
        last_command_.store(row, std::memory_order_relaxed);
    }

    void set_blocked(bool blocked) noexcept { blocked_.store(blocked, std::memory_order_relaxed); }

    /// What was read and not yet executed, and what the peer has not taken.
    void set_input(const output_buffer& input) noexcept { input_.set(input); }

    void set_output(const output_buffer& output) noexcept { output_.set(output); }

    /// All that is known to belong to the session, in bytes.
    std::size_t memory() const noexcept;

    /// When it was last heard of, in seconds since the server started.
    void touch(std::uint32_t second) noexcept {
        last_active_.store(second, std::memory_order_relaxed);
    }

    std::uint32_t last_active() const noexcept {
        return last_active_.load(std::memory_order_relaxed);
    }

    std::string peer() const;

    int descriptor() const noexcept { return descriptor_; }

    /// What CLIENT LIST tells; under the directory's lock.
    client_info describe(core& server) const;

private:
    struct buffer_size {
        std::atomic<std::size_t> bytes{0};
        std::atomic<std::size_t> memory{0};

        void set(const output_buffer& buffer) noexcept {
            bytes.store(buffer.size(), std::memory_order_relaxed);
            memory.store(buffer.capacity(), std::memory_order_relaxed);
        }
    };

    std::uint64_t id_;
    asio::ip::tcp::endpoint peer_;
    asio::ip::tcp::endpoint local_;
    int descriptor_ = -1;
    std::int64_t created_ms_;
    std::atomic<std::uint32_t> last_active_;
    std::atomic<const command*> last_command_{nullptr};
    std::atomic<std::uint32_t> database_{0};
    std::atomic<std::uint32_t> channels_{0};
    std::atomic<std::uint32_t> patterns_{0};
    std::atomic<std::uint32_t> shard_channels_{0};
    std::atomic<std::int32_t> queued_{-1};
    std::atomic<std::size_t> queued_memory_{0};
    buffer_size input_;
    buffer_size output_;
    std::atomic<bool> blocked_{false};
    std::atomic<std::uint8_t> protocol_{2};
    std::atomic<std::uint8_t> flags_{0};
    std::atomic<std::int64_t> redirect_{-1};

    struct names {
        std::string name;
        std::string library_name;
        std::string library_version;
    };

    std::unique_ptr<names> names_; // few have any; guarded by the directory's lock
};

} // namespace mini_redis
