// The part of Asio that stands on OpenSSL, compiled here once like the rest.
#include <asio/ssl/impl/src.hpp>
