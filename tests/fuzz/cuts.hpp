// How a fuzz target's input is divided into choices and bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "support/resp_transcript.hpp"

namespace mini_redis::test {

struct fuzz_input {
    std::uint8_t choice = 0;
    std::string_view bytes;
    cut_list cuts; // about every n-th byte, n from the second byte

    fuzz_input(const std::uint8_t* data, std::size_t size) {
        if (size < 2) return;
        choice = data[0];
        bytes = {reinterpret_cast<const char*>(data) + 2, size - 2};
        const std::size_t step = data[1] % 61 + 1U;
        for (std::size_t at = data[1] / 61; at < bytes.size(); at += step)
            cuts.push_back(at);
    }
};

} // namespace mini_redis::test
