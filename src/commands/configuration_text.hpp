// The lines of a configuration file, and how a word is quoted in them; resp/quoted_words.hpp reads
// such words.
#pragma once

#include <string>
#include <string_view>

namespace mini_redis {

/// A word between double quotes.
std::string in_quotes(std::string_view word);

/// Takes the first line off, without its end.
std::string_view take_line(std::string_view& text) noexcept;

/// Without white space at either end.
std::string_view trimmed(std::string_view line) noexcept;

} // namespace mini_redis
