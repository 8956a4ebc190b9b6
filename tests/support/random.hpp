// Random numbers for tests: another seed in every run, unless MINI_REDIS_TEST_SEED gives it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace mini_redis::test {

/// To be shown where a test fails: `INFO("MINI_REDIS_TEST_SEED=" << seed)`.
inline std::uint64_t random_seed() {
    if (const char* const given = std::getenv("MINI_REDIS_TEST_SEED"))
        return std::strtoull(given, nullptr, 10);
    return std::random_device{}();
}

class random_source {
public:
    explicit random_source(std::uint64_t seed) : engine_{seed} {}

    /// From 0 to `bound` - 1.
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }

    bool one_in(std::size_t n) { return below(n) == 0; }

    std::uint64_t bits() { return engine_(); }

    /// `size` characters of `alphabet`, or any bytes if it is empty.
    std::string text(std::size_t size, const std::string& alphabet = {}) {
        std::string out(size, '\0');
        for (char& c : out)
            c = alphabet.empty() ? static_cast<char>(below(256)) : alphabet[below(alphabet.size())];
        return out;
    }

private:
    std::mt19937_64 engine_;
};

} // namespace mini_redis::test
