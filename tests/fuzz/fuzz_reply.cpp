// Any bytes are frames, a cut frame or an error, the same ones in every cut; and a frame that was
// read is read again as it is written.
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
    if (input.choice & 2) {
        limits.inline_size = 20;
        limits.elements = 4;
        limits.bulk_size = 12;
        limits.depth = 3;
    }
    const auto whole = test::read_replies(input.bytes, limits);
    if (!(test::read_replies(input.bytes, limits, input.cuts) == whole)) std::abort();
    if (!(test::read_replies(input.bytes, limits, test::cut_everywhere(input.bytes)) == whole))
        std::abort();

    std::string written;
    for (const frame& value : whole.frames) {
        encode(value, protocol_version::resp3, written);
        (void)to_string(value);
    }
    const auto again = test::read_replies(written);
    if (!again.error.empty() || again.in_frame || again.frames != whole.frames) std::abort();

    // RESP2 has fewer types, but what is written there is RESP all the same.
    written.clear();
    for (const frame& value : whole.frames)
        encode(value, protocol_version::resp2, written);
    const auto older = test::read_replies(written);
    if (!older.error.empty() || older.frames.size() != whole.frames.size()) std::abort();
    return 0;
}
