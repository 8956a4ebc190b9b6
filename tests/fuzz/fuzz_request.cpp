// Any bytes are requests, a cut request or a protocol error, and the same ones in every cut.
//
// The first byte of the input chooses the limits and the second the cuts; the rest is what is
// parsed.
#include <cstdint>
#include <cstdlib>

#include "fuzz/cuts.hpp"
#include "support/resp_transcript.hpp"

using namespace mini_redis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const test::fuzz_input input{data, size};
    protocol_limits limits;
    limits.authenticated = (input.choice & 1) == 0;
    if (input.choice & 2) {
        limits.inline_size = 20;
        limits.arguments = 4;
        limits.bulk_size = 12;
    }
    const auto whole = test::read_requests(input.bytes, limits);
    if (!(test::read_requests(input.bytes, limits, input.cuts) == whole)) std::abort();
    if (!(test::read_requests(input.bytes, limits, test::cut_everywhere(input.bytes)) == whole))
        std::abort();
    return 0;
}
