#include <mini_redis/detail/request_batch.hpp>

#include <algorithm>
#include <mini_redis/detail/request_traits.hpp>

#include "client/connection_setup.hpp"
#include "client/deadline.hpp"
#include "resp/output_buffer.hpp"
#include "resp/request_writer.hpp"

namespace mini_redis {

namespace {

constexpr std::size_t typical_size = 512;
constexpr std::size_t most_idle_capacity = 64 * 1024;

} // namespace

void request_batch::add(std::span<const std::string_view> words) {
    const request_traits traits = traits_of(words);
    // What sets up the connection goes alone, so that it can be remembered.
    const bool sets_up = connection_setup::may_set_up(words.empty() ? "" : words[0]) &&
                         !connection_setup::name_of(words).empty();
    are_allowed_ = are_allowed_ && traits.is_allowed && !sets_up;
    if (traits.blocks) {
        block_ = true;
        has_limit_ = has_limit_ && traits.wait.count() > 0;
        wait_ = longer(wait_, traits.wait);
    }
    thread_local output_buffer request; // whose memory serves the next as well
    request.clear();
    write_request(request, words);
    if (bytes_.empty()) bytes_.reserve(std::max(typical_size, request.size()));
    bytes_.append(request.view());
    if (request.capacity() > most_idle_capacity) request.release();
    ++size_;
}

// "*1\r\n$4\r\nPING\r\n": the first word stands behind two lines.
std::string_view request_batch::command() const noexcept {
    std::string_view rest = bytes_;
    for (int lines = 0; lines < 2; ++lines)
        rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1));
    return rest.substr(0, rest.find('\r'));
}

} // namespace mini_redis
