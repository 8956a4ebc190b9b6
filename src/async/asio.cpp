// Asio's own implementation, compiled here once (ASIO_SEPARATE_COMPILATION) and nowhere else.
#include <asio/impl/src.hpp>
