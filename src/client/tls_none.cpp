#include <mini_redis/error.hpp>

#include "client/tls.hpp"

namespace mini_redis {

std::unique_ptr<tls_stream> make_tls_stream(tls_stream::socket_type /*socket*/,
                                            const tls_options& /*options*/) {
    throw std::system_error(errc::not_supported, "TLS");
}

} // namespace mini_redis
