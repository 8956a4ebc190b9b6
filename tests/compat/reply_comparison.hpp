// When the replies of two servers to one command count as the same.
#pragma once

#include <string>
#include <vector>

#include "command_grammar.hpp"
#include "support/wire_value.hpp"

namespace mini_redis::test {

/// Not for `transaction`, see below.
bool alike(comparison compare, const wire_value& left, const wire_value& right);

/// The replies to EXEC: each element as its command's kind says.
bool alike_transactions(const std::vector<comparison>& queued, const wire_value& left,
                        const wire_value& right);

/// The command as in a transcript, with its connection.
std::string spell_command(const random_command& command);

/// A reply for a message: a long one from a little before where it parts from the other.
std::string spell_from(const wire_value& value, const wire_value& other);

/// The texts of all that is no aggregate, in order.
std::vector<std::string> flatten(const wire_value& value);

std::string upper(std::string_view word);

} // namespace mini_redis::test
