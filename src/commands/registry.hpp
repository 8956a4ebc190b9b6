// Name -> row. The families are listed in registry.cpp, which changes only for a new family.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/command.hpp"

namespace mini_redis {

/// All commands.
///
/// *Thread safety*: immutable after construction.
class registry {
public:
    /// The commands that mini-redis has.
    static const registry& built_in();

    explicit registry(std::span<const std::span<const command>> families);

    /// The command with this name in any case; null if there is none.
    const command* find(std::string_view name) const noexcept { return find_numbered(name).row; }

    /// Commands are numbered, each followed by its subcommands, so that figures about them can be
    /// kept in an array of count() elements.
    struct numbered {
        const command* row = nullptr;
        std::uint32_t number = 0;
    };

    numbered find_numbered(std::string_view name) const noexcept;

    std::size_t count() const noexcept { return names_.size(); }

    /// "config|get" for a subcommand.
    const std::string& name_of(std::size_t number) const noexcept { return names_[number]; }

    /// All of them in the order of their names.
    std::span<const command* const> all() const noexcept { return sorted_; }

private:
    std::vector<const command*> sorted_;
    std::vector<std::string> names_; // by number
    std::vector<numbered> slots_;    // open addressing by hash_name(), a power of two, sparse
};

/// The subcommand with this name in any case; null if there is none.
const command* find_subcommand(const command& container, std::string_view name) noexcept;

/// "config|get" for a subcommand, the plain name otherwise; `container` may be null.
std::string full_name(const command* container, const command& one);

/// Case-insensitive comparison, ASCII only; `lower` is in lower case.
bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept;

} // namespace mini_redis
