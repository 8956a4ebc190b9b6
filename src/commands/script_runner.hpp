// Runs scripts for an executor: compiles them once, and gives them the executor's commands.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "commands/loaded_functions.hpp"
#include "commands/running_scripts.hpp"
#include "commands/script_call.hpp"
#include "commands/script_store.hpp"
#include "scripting/interpreter.hpp"

namespace mini_redis {

struct command;
struct context;
class executor;

/// *Thread safety*: belongs to an executor.
class script_runner final : private script_host {
public:
    script_runner(executor& commands, services& server);
    ~script_runner() override;

    /// EVAL, which makes the script known, and EVALSHA: keys and arguments are the request's words
    /// from the third on.
    void eval(context& c);
    void evalsha(context& c);

    /// FCALL, likewise.
    void fcall(context& c);

    loaded_functions& functions() noexcept { return functions_; }

    /// If this is a call of a script that says of itself what it does (`#!lua flags=…`): that.
    std::optional<script_flags> declared_flags(const command& row,
                                               std::span<const std::string_view> args);

    /// Whether there is a script with this SHA-1.
    bool knows(std::string_view sha);

    /// A script that is known, compiled.
    struct compiled {
        script_store::script_ptr script;
        int function = 0;
    };

    /// Makes a script known. Null if it is none, and then `error` says why. Valid until the next
    /// call.
    const compiled* learn(std::string_view sha, std::string_view script, std::string& error);

private:
    compiled* find(std::string_view sha);
    interpreter& scripts();
    void drop_outdated();
    void run_script(context& c, const compiled& which, std::size_t keys);
    bool run(context& c, script_kind kind, const script_run& what, script_call& call,
             bool lock_all);
    void run_once(context& c, script_kind kind, const script_run& what);
    void begin_long_run();

    // script_host
    bool call(std::span<const std::string_view> words, reply_writer& reply) noexcept override;
    call_permission permission(std::span<const std::string_view> words) noexcept override;
    void count_errors(reply_writer& reply) noexcept override;
    void log(script_log_level level, std::string_view text) noexcept override;
    bool may_go_on() noexcept override;
    std::string_view reason_to_end() noexcept override;

    executor* commands_;
    script_store* known_;
    std::unique_ptr<interpreter> scripts_; // once there is one to run
    std::unordered_map<std::string, compiled, string_hash, std::equal_to<>> compiled_;
    std::uint64_t generation_ = 0; // of the store, when compiled_ was filled
    loaded_functions functions_;

    // Of the run under way.
    running_scripts* all_running_;
    script_slot slot_;
    context* running_ = nullptr;
    script_call* call_ = nullptr;
    std::string_view name_;
    std::chrono::steady_clock::time_point began_;
    bool long_ = false; ///< it has taken so long that others are served meanwhile
};

} // namespace mini_redis
