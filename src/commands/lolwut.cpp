// LOLWUT: a picture, another each time, and the version. It grows by one of the rules of
// one-dimensional cellular automata, two generations a line.
#include <array>
#include <cstddef>
#include <cstdint>
#include <fmt/format.h>
#include <mini_redis/version.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"

namespace mini_redis {
namespace {

constexpr std::size_t columns = 66;
constexpr std::size_t lines = 24;

// Those whose pictures are worth a look: triangles, chaos, and what lies between.
constexpr std::array<std::uint8_t, 12> rules{18, 22, 30, 45, 54, 60, 73, 90, 105, 110, 126, 150};

using generation = std::array<bool, columns>;

// Each cell follows from three of the generation before, which the rule's bits say how.
generation next(const generation& cells, std::uint8_t rule) {
    generation born{};
    for (std::size_t i = 0; i < columns; ++i) {
        const unsigned left = cells[(i + columns - 1) % columns] ? 4 : 0;
        const unsigned middle = cells[i] ? 2 : 0;
        const unsigned right = cells[(i + 1) % columns] ? 1 : 0;
        born[i] = ((rule >> (left + middle + right)) & 1U) != 0;
    }
    return born;
}

// Two generations in one line of text.
std::string_view glyph(bool upper, bool lower) {
    if (upper) return lower ? "\u2588" : "\u2580";
    return lower ? "\u2584" : " ";
}

std::string grow_picture() {
    const std::uint8_t rule = rules[random_number() % rules.size()];
    generation cells{};
    cells[columns / 2] = true;
    for (std::uint64_t more = random_number() % 3; more != 0; --more)
        cells[random_number() % columns] = true;
    std::string picture;
    for (std::size_t line = 0; line < lines; ++line) {
        const generation below = next(cells, rule);
        for (std::size_t i = 0; i < columns; ++i)
            picture += glyph(cells[i], below[i]);
        picture += '\n';
        cells = next(below, rule);
    }
    return picture + fmt::format("\nRule {}, from a handful of cells. ", rule);
}

void lolwut(context& c) {
    if (c.args.size() >= 2 && equals_ignoring_case(c.args[1], "version"))
        for (const std::string_view word : c.args.subspan(2))
            if (!integer_argument(c, word)) return;
    c.reply.verbatim_string("txt", fmt::format("{}Redis ver. {}\n", grow_picture(), redis_version));
}

using enum command_flag;

constexpr command rows[] = {
    {.name = "lolwut",
     .handler = lolwut,
     .arity = -1,
     .flags = readonly | fast,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .syntax = "[VERSION version:integer]",
     .summary = "Draws a picture and tells the version."},
};

} // namespace

std::span<const command> lolwut_commands() {
    return rows;
}

} // namespace mini_redis
