#include <mini_redis/detail/request_batch.hpp>

#include <algorithm>
#include <mini_redis/detail/client_core.hpp>

#include "resp/output_buffer.hpp"
#include "resp/request_writer.hpp"

namespace mini_redis {

void request_batch::add(std::span<const std::string_view> words) {
    if (!has_one_reply(words)) have_one_reply_each_ = false;
    output_buffer request;
    write_request(request, words);
    bytes_.append(request.view());
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
