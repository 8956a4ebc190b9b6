// The words of a line of a configuration file, as redis.conf and redis-cli have them.
//
//   line = { word }, with spaces between them
//   word = text | '"' { character | \n \r \t \b \a \xHH \" } '"' | "'" { character | \' } "'"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

/// Nothing if a quote is not closed, or something follows it without a space.
std::optional<std::vector<std::string>> words_of_line(std::string_view line);

/// A word between double quotes.
std::string in_quotes(std::string_view word);

/// Takes the first line off, without its end.
std::string_view take_line(std::string_view& text) noexcept;

/// Without white space at either end.
std::string_view trimmed(std::string_view line) noexcept;

} // namespace mini_redis
