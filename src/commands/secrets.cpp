#include "commands/secrets.hpp"

#include <algorithm>
#include <iterator>

#include "commands/registry.hpp"

namespace mini_redis {
namespace {

constexpr std::string_view secret_settings[] = {"masterauth", "masteruser", "requirepass",
                                                "tls-client-key-file-pass", "tls-key-file-pass"};

} // namespace

std::vector<std::string_view> without_secrets(const command& row,
                                              std::span<const std::string_view> args) {
    std::vector<std::string_view> shown{args.begin(), args.end()};
    const auto hide = [&](std::size_t at) {
        if (at < shown.size()) shown[at] = "(redacted)";
    };
    if (row.name == "auth") {
        for (std::size_t i = 1; i < args.size(); ++i)
            hide(i);
    } else if (row.name == "hello") {
        for (std::size_t i = 2; i < args.size(); ++i) {
            if (equals_ignoring_case(args[i], "auth")) {
                hide(++i);
                hide(++i);
            } else if (equals_ignoring_case(args[i], "setname")) {
                ++i;
            }
        }
    } else if (row.name == "set" && equals_ignoring_case(args[0], "config")) {
        for (std::size_t i = 2; i + 1 < args.size(); i += 2)
            if (std::any_of(std::begin(secret_settings), std::end(secret_settings),
                            [&](auto name) { return equals_ignoring_case(args[i], name); }))
                hide(i + 1);
    }
    return shown;
}

} // namespace mini_redis
