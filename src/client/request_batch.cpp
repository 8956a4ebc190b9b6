#include <mini_redis/detail/request_batch.hpp>

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

} // namespace mini_redis
