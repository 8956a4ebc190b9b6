// One of the servers under comparison, for one round: its connections, and the questions that take
// more than one request.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command_grammar.hpp"
#include "support/raw_connection.hpp"
#include "support/wire_value.hpp"

namespace mini_redis::test {

/// The first connection speaks RESP2 and the others RESP3 and RESP2 in turn, until a HELLO or RESET
/// in the stream.
inline constexpr std::size_t connections_per_server = 4;

/// Whether a command of this kind takes requests besides its own.
bool asks_more(comparison compare);

class player {
public:
    /// Empties the server and gives its settings their defaults.
    explicit player(std::uint16_t port);

    void send(const random_command& command);

    /// A server that breaks off is a difference, not the end of the test.
    std::string receive(std::size_t connection);

    wire_value ask(const random_command& command);

    /// By what kind of comparison it is, a reply that can be compared.
    wire_value ask_more(const random_command& command);

    /// Iterates SCAN to its end, and gives what it returned, each once.
    wire_value scan(random_command command);
    /// DBSIZE: a key whose time has passed may be counted until it is reclaimed, which is soon.
    wire_value size(const random_command& command);

    /// Whether the order of the sorted set's members by name is defined: not in a large one where
    /// scores differ.
    bool has_lexical_order(const random_command& command);

    /// Whether SORT gives an order: not among equal texts, nor to a set that it does not sort. Nor
    /// to a compact sorted set: Redis makes it a large one for that, which OBJECT ENCODING shows.
    bool has_sorted_order(const random_command& command);

    /// What a connection that was sent a command is at.
    enum class progress { running, waiting, replied };
    progress look_at(std::size_t connection);

    /// Over a connection of its own.
    wire_value unblock(std::size_t connection, const std::string& how);

    /// The messages and keyspace events of the round, but for those of keys whose time had passed,
    /// which come when a server notices.
    std::vector<std::string> events();

    /// Removes from the set at `key` what is in `members`.
    void remove(std::size_t connection, const std::string& key,
                const std::vector<std::string>& members);

    std::string dump; ///< what `${dump}` stands for

private:
    wire_value member(const random_command& command);
    wire_value encoding(const random_command& command);
    wire_value random(const random_command& command);
    wire_value dumped(const random_command& command);
    std::string completed(const std::string& word) const;

    std::vector<raw_connection> connections_;
    std::vector<std::string> ids_;
    raw_connection observer_;
    raw_connection subscriber_;
    std::string own_dump_;
};

} // namespace mini_redis::test
