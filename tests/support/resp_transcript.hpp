// Feeds the parsers bytes in any cut, and notes all that they say, so that two cuts can be
// compared. Knows nothing of Catch2: the fuzz targets use it too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_parser.hpp"
#include "resp/request_parser.hpp"

namespace mini_redis::test {

/// Where the input is cut, in ascending order; each cut is before the byte of that index.
using cut_list = std::vector<std::size_t>;

inline cut_list cut_everywhere(std::string_view input) {
    cut_list cuts;
    for (std::size_t i = 1; i < input.size(); ++i)
        cuts.push_back(i);
    return cuts;
}

struct request_transcript {
    std::vector<std::vector<std::string>> requests;
    std::string error;
    std::size_t consumed = 0; // by the requests

    friend bool operator==(const request_transcript&, const request_transcript&) = default;
};

struct reply_transcript {
    std::vector<frame> frames;
    std::string error;
    bool in_frame = false; // at the end

    friend bool operator==(const reply_transcript&, const reply_transcript&) = default;
};

/// Reads as a session does: what is not consumed stays, and more is put behind it. Each piece comes
/// in memory of its own and exact size, so that a stale view or a read too far is found by ASan.
/// Throws if the parser breaks its contract about needed() and in_request().
inline request_transcript read_requests(std::string_view input, const protocol_limits& limits,
                                        cut_list cuts = {}) {
    request_transcript transcript;
    request_parser parser{limits};
    argument_list arguments;
    std::size_t needed = 0;
    cuts.push_back(input.size());
    for (const std::size_t cut : cuts) {
        std::size_t size = cut - transcript.consumed;
        const auto memory = std::make_unique<char[]>(size);
        std::copy_n(input.data() + transcript.consumed, size, memory.get());
        std::string_view held{memory.get(), size};
        while (true) {
            const auto result = parser.parse(held, arguments);
            if (result == request_parser::result::need_more) {
                needed = parser.needed();
                if (needed <= held.size()) throw std::logic_error{"needs no more than it has"};
                if (parser.in_request() == held.empty()) throw std::logic_error{"in_request()"};
                break;
            }
            if (held.size() < needed) throw std::logic_error{"needed less than it said"};
            if (parser.in_request()) throw std::logic_error{"in_request() after its end"};
            needed = 0;
            if (result == request_parser::result::error) {
                transcript.error = parser.error_text();
                return transcript;
            }
            transcript.requests.emplace_back(arguments.begin(), arguments.end());
            transcript.consumed += parser.consumed();
            held.remove_prefix(parser.consumed());
        }
    }
    return transcript;
}

/// Reads as a connection does, in the same way. Throws if the parser breaks its contract about
/// needed().
inline reply_transcript read_replies(std::string_view input, const protocol_limits& limits = {},
                                     cut_list cuts = {}) {
    reply_transcript transcript;
    reply_parser parser{limits};
    std::size_t consumed = 0;
    std::size_t needed = 0;
    cuts.push_back(input.size());
    for (const std::size_t cut : cuts) {
        const std::size_t size = cut - consumed;
        const auto memory = std::make_unique<char[]>(size);
        std::copy_n(input.data() + consumed, size, memory.get());
        std::string_view held{memory.get(), size};
        while (true) {
            const auto result = parser.parse(held);
            if (result == reply_parser::result::need_more) {
                needed = parser.needed();
                if (needed <= held.size()) throw std::logic_error{"needs no more than it has"};
                break;
            }
            if (result == reply_parser::result::error) {
                transcript.error = parser.error_text();
                return transcript;
            }
            if (held.size() < needed) throw std::logic_error{"needed less than it said"};
            needed = 0;
            transcript.frames.push_back(parser.view(held.data()).to_frame());
            consumed += parser.consumed();
            held.remove_prefix(parser.consumed());
        }
    }
    transcript.in_frame = consumed < input.size();
    return transcript;
}

} // namespace mini_redis::test
