// What several families read out of a request's words, with Redis's replies where they are wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/registry.hpp" // equals_ignoring_case

namespace mini_redis {

struct context;

/// A 64-bit integer; otherwise replies with an error and returns nothing.
std::optional<std::int64_t> integer_argument(context& c, std::string_view word);

/// The number of a database that there is; otherwise replies with an error and returns nothing.
std::optional<std::size_t> database_argument(context& c, std::string_view word);

/// The time-out of a blocking command, in seconds with a fraction: when it is over as Unix
/// milliseconds, or, for 0, `never`. Otherwise replies with an error and returns nothing.
inline constexpr std::int64_t never = INT64_MAX;
std::optional<std::int64_t> timeout_argument(context& c, std::string_view word);

/// A random number, from a generator of this thread.
std::uint64_t random_number() noexcept;

/// Ends the command, as if memory had run out, when its reply has got too large: for replies that
/// are as long as a request asks for, whatever there is.
void limit_reply(const context& c);

/// Whether a client may call itself or its library so: printable ASCII without spaces, or nothing.
bool is_client_text(std::string_view text) noexcept;

/// Comparison of ASCII text in any case, on both sides; see also equals_ignoring_case().
bool same_ignoring_case(std::string_view left, std::string_view right) noexcept;

/// ASCII letters in lower case.
std::string in_lower_case(std::string_view text);

/// The words between spaces.
std::vector<std::string_view> split_words(std::string_view text);

/// What an error shows of a word: at most so many bytes, and as in Redis none from a zero byte on.
std::string_view shown(std::string_view word, std::size_t most = std::string_view::npos) noexcept;

/// Replies that the command was called with a number of words that its row's arity does not rule
/// out.
void reply_wrong_arity(context& c);

/// Replies that a known subcommand was called in a way that its arity alone does not rule out.
void reply_subcommand_misuse(context& c);

/// The handler of every HELP subcommand: what the container's rows say of its subcommands.
void container_help(context& c);

} // namespace mini_redis
