// A wire transcript as it stands in a file: sections of requests and expected replies. The file
// format is explained in README.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "reply_pattern.hpp"

namespace mini_redis::test {

/// Which server a transcript is replayed against.
struct server_identity {
    bool is_redis = false;
    std::vector<int> version; ///< redis_version of INFO: {7, 0, 15}
};

/// How the requests of a transcript are put on the wire.
enum class replay_mode {
    whole,    ///< each request in one write, and its replies awaited
    bytes,    ///< each byte in a write of its own
    pipelined ///< all requests up to a change of connection or a `@sync` in one write
};

/// Where a section or step holds: `@only`, `@version`, `@modes`.
struct condition {
    std::optional<bool> redis_only; ///< false: only mini-redis
    std::string version_operator;   ///< empty, "<" or ">="
    std::vector<int> version;
    std::vector<replay_mode> modes; ///< empty: all

    bool holds(const server_identity& server, replay_mode mode) const;
};

struct expected_reply {
    std::size_t line = 0;
    std::string text; ///< as written, on one line
    reply_pattern pattern;
};

/// One request and what it is answered with; or only replies (pushes), a pause, the end of a
/// stretch.
struct step {
    enum class action { request, raw_bytes, replies_only, scan, sync, sleep };

    std::size_t line = 0;
    action kind = action::request;
    condition where;
    std::string connection;
    std::string source;                 ///< the line as written
    std::vector<std::string> arguments; ///< of a request or scan; `${name}` not yet replaced
    std::string bytes;                  ///< of raw_bytes
    std::vector<expected_reply> replies;
    bool expects_close = false;
    bool eventually = false; ///< repeat until the replies match
    std::chrono::milliseconds pause{0};
    std::size_t first_reply_line = 0; ///< the lines of the file that hold the replies:
    std::size_t reply_line_count = 0; ///< [first, first + count)
};

struct section {
    std::size_t line = 0;
    std::string title;
    condition where;
    std::vector<int> protocols; ///< 2, 3 or both: one run each
    std::vector<step> steps;
};

struct transcript {
    std::filesystem::path path;
    std::vector<std::string> lines; ///< the file, lines[0] is line 1
    std::vector<section> sections;
};

/// Reads a file. *Errors*: transcript_error, with file and line.
transcript read_transcript(const std::filesystem::path& path);

std::string_view name_of(replay_mode mode) noexcept;
std::optional<replay_mode> parse_mode(std::string_view name) noexcept;
std::vector<int> parse_version(std::string_view text);

} // namespace mini_redis::test
