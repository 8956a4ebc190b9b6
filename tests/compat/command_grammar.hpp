// Random commands: a table with a rule per command, and how the replies of two servers to it
// compare. To cover a new command, add its row (and what its arguments need) in
// command_grammar.cpp.
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
    seconds,      ///< an integer; if positive, within the tolerance for times in seconds
    milliseconds, ///< the same in milliseconds
    shape,        ///< the same type and size; errors are the same
    member,       ///< null, or a key that exists there
    size,         ///< DBSIZE: as many as SCAN returns, at the latest after a moment
    scan,         ///< iterated from cursor 0 to the end: the same elements
};

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
          connections_{connections} {}

    /// The next command, or several that belong together.
    void append_to(std::vector<random_command>& stream);

private:
    void expand(std::string_view rule, std::vector<std::string>& out);
    void expand_word(std::string_view word, std::vector<std::string>& out);
    std::string terminal(std::string_view name);
    void spoil(std::vector<std::string>& arguments);

    random_source random_;
    std::size_t connections_;
    std::size_t connection_ = 0;
    std::int64_t times_given_ = 0;
};

} // namespace mini_redis::test
