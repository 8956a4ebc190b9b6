// Plays a stream of commands on two servers, and tells where their replies part.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command_grammar.hpp"
#include "player.hpp"

namespace mini_redis::test {

using command_stream = std::vector<random_command>;

struct server_address {
    std::string name;
    std::uint16_t port = 0;
};

struct difference {
    std::size_t index = 0; ///< of the command in its stream; its size: found afterwards
    std::string command;
    std::string left;
    std::string right;
};

/// Two servers that are to do the same.
class duel {
public:
    duel(server_address left, server_address right)
        : left_{std::move(left)},
          right_{std::move(right)} {}

    const server_address& left() const noexcept { return left_; }

    const server_address& right() const noexcept { return right_; }

    /// How many replies were compared.
    std::size_t compared() const noexcept { return compared_; }

    /// How many commands waited.
    std::size_t waited() const noexcept { return waited_; }

    /// Plays the stream on empty servers. `batches` gives how many commands are sent at once.
    std::optional<difference> play(const command_stream& commands, random_source batches,
                                   bool pipelined);

    /// How long a command that one server replies to may seem to wait on the other.
    std::chrono::milliseconds patience{5'000};

private:
    server_address left_;
    server_address right_;
    std::size_t compared_ = 0;
    std::size_t waited_ = 0;
};

} // namespace mini_redis::test
