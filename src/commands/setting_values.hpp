// The texts of settings' values: sizes with units, save points, classes of keyspace events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

/// Bytes with an optional unit, in any case: 1gb is 1024 mb, 1g is 1000 m. Empty is 0.
std::optional<std::int64_t> parse_memory(std::string_view text) noexcept;

/// Pairs of seconds and changes, as `save` has them; none is fine.
bool are_save_points(std::string_view text);

/// The letters of notify-keyspace-events, as bits of event_class.
std::optional<std::uint32_t> parse_events(std::string_view letters) noexcept;

/// As CONFIG GET shows them.
std::string event_letters(std::uint32_t bits);

/// The numbers between spaces; nothing if a word is none.
std::optional<std::vector<double>> parse_percentages(std::string_view text);

/// "99.9": six digits after the point at most, without needless ones.
std::string percentage_text(double percentage);

} // namespace mini_redis
