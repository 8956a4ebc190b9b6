// Random commands: a table with a rule per command, and how the replies of two servers to it
// compare. To cover a new command, add its row in command_rules.cpp (and what its arguments need in
// command_words.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis::test {

/// How the replies of two servers that both work are alike.
enum class comparison {
    exact,        ///< the same bytes
    unordered,    ///< an aggregate with the same elements in some order
    pairs,        ///< the same pairs of elements in some order
    seconds,      ///< an integer; if positive, within the tolerance for times in seconds
    milliseconds, ///< the same in milliseconds
    shape,        ///< the same type and size; errors are the same
    member,       ///< null, or a key that exists there
    size,         ///< DBSIZE: as many as SCAN returns, at the latest after a moment
    scan,         ///< iterated from cursor 0 to the end: the same elements
    encoding,     ///< OBJECT ENCODING: the same, but for what 7.2 has another name for
    random,       ///< as many elements, all of the collection
    pop,          ///< SPOP: as random; then neither server has what one of them gave
    lexical,      ///< exact; not sent where the order of members is undefined
    dump,         ///< DUMP: null for both or for none; `${dump}` is then what the first gave
    transaction,  ///< EXEC: each reply as its command's
    blocking,     ///< exact; or both wait, and give the same reply when they are served
    careful,      ///< exact; not sent where what it gives to those who wait is undefined
    sorted,       ///< SORT: exact; not sent where the order of members is undefined
    times,        ///< exact, but for times and idle times, which are within the tolerance
    any,          ///< whatever the answers are
};

/// Words of a stream that stand for what a server said before.
inline constexpr std::string_view dump_word = "${dump}";           ///< the first server's DUMP
inline constexpr std::string_view own_dump_word = "${own-dump}";   ///< each server's own
inline constexpr std::string_view torn_dump_word = "${torn-dump}"; ///< without its end
inline constexpr std::string_view id_word = "${id}"; ///< with a digit behind: a connection's id

struct random_command {
    std::size_t connection = 0;
    std::vector<std::string> arguments{};
    comparison compare = comparison::exact;
};

/// A random source whose numbers are the same everywhere for the same seed.
class random_source {
public:
    explicit random_source(std::uint64_t seed) : state_{seed} {}

    std::uint64_t next() noexcept;

    /// Of [0, bound).
    std::size_t below(std::size_t bound) noexcept { return next() % bound; }

    bool one_in(std::size_t n) noexcept { return below(n) == 0; }

private:
    std::uint64_t state_;
};

/// Writes streams of commands: valid ones over few keys, so that they meet, and broken ones.
class command_generator {
public:
    explicit command_generator(std::uint64_t seed, std::size_t connections)
        : random_{seed},
          connections_{connections},
          in_transaction_(connections) {}

    /// What a round begins with: settings, sometimes, by which collections convert early.
    void open(std::vector<random_command>& stream);

    /// The next command, or several that belong together.
    void append_to(std::vector<random_command>& stream);

private:
    void put_into_script(random_command& command);
    void expand(std::string_view rule, std::vector<std::string>& out);
    void expand_word(std::string_view word, std::vector<std::string>& out);
    std::string terminal(std::string_view name);
    std::string key_of(std::string_view kind);
    std::string value();
    std::string time_word(std::string_view name);
    std::string collection_word(std::string_view name);
    std::string stream_word(std::string_view name);
    void spoil(random_command& command);

    random_source random_;
    std::size_t connections_;
    std::size_t connection_ = 0;
    std::int64_t times_given_ = 0;
    std::size_t entries_given_ = 0;    // ids of streams ascend with it
    std::vector<bool> in_transaction_; // as far as the generator can tell
};

} // namespace mini_redis::test
