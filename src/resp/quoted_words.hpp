// The words of a line, as inline requests, configuration files and the first lines of scripts have
// them: Redis's sdssplitargs().
//
//   line = { word }, with white space between them
//   word = text | [ text ] '"' { character | \n \r \t \b \a \xHH \" } '"'
//               | [ text ] "'" { character | \' } "'"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

/// Appends the words to `words`: those without quotes as views into the line, others as views into
/// `text`, which is replaced. False if a quote is not closed, or something follows it without a
/// space.
bool split_quoted_words(std::string_view line, std::string& text,
                        std::vector<std::string_view>& words);

/// The same by value; nothing if the quotes are wrong.
std::optional<std::vector<std::string>> words_of_line(std::string_view line);

} // namespace mini_redis
